import { BpfError } from "../errors.js";
import { BATCH_ATTR } from "../kernel/attr.generated.js";
import { attrU32, bpf, type CommandName } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import type { UpdateFlags } from "../uapi/flags.js";
import type { BpfMap } from "./map.js";
import { mapFailure } from "./misuse.js";

/** Beyond this many elements a bucket of a hash is not believed to be one. */
const MAX_ROOM = 1 << 24;

/** BatchMap is what batches need to know of a map. */
export type BatchMap = Pick<BpfMap, "spec" | "fd" | "valueBytes">;

/**
 * BatchReader reads a map many elements at a time (5.6; per-CPU arrays 5.13) into two buffers it owns.
 * next() fills `keys` and `values` from their start and gives the number of elements, 0 at the end. A hash
 * is read bucket by bucket: what is there all the while is met exactly once, whatever is deleted meanwhile.
 */
export class BatchReader {
  #keys: Uint8Array;
  #values: Uint8Array;
  readonly #map: BatchMap;
  readonly #command: CommandName;
  #room: number;
  // The kernel keeps its place in here: a hash a bucket number of four bytes, an array a key.
  #from: Uint8Array;
  #to: Uint8Array;
  #started = false;
  #done = false;

  /**
   * `remove` takes the elements out of the map while reading them. `room` is the most elements a step gives,
   * unless one bucket of a hash holds more: then the buffers grow.
   */
  constructor(map: BatchMap, room: number, remove = false) {
    if (room < 1) throw new BpfError("bad-argument", "a batch needs room for at least one element");
    this.#map = map;
    this.#room = room;
    this.#command = remove ? "BPF_MAP_LOOKUP_AND_DELETE_BATCH" : "BPF_MAP_LOOKUP_BATCH";
    this.#keys = new Uint8Array(room * map.spec.keySize);
    this.#values = new Uint8Array(room * map.valueBytes);
    this.#from = new Uint8Array(Math.max(map.spec.keySize, 8));
    this.#to = new Uint8Array(this.#from.length);
  }

  /** keys holds the keys of the last step; asked for anew after each, for the buffers may grow. */
  get keys(): Uint8Array {
    return this.#keys;
  }

  /** values holds the values of the last step, valueBytes of the map for each. */
  get values(): Uint8Array {
    return this.#values;
  }

  /** next reads the next elements. Throws `not-supported` or `bad-argument` where the map has no batches. */
  next(): number {
    if (this.#done) return 0;
    for (;;) {
      const result = bpf(this.#command, BATCH_ATTR, {
        in_batch: this.#started ? this.#from : 0,
        out_batch: this.#to,
        keys: this.#keys,
        values: this.#values,
        count: this.#room,
        map_fd: this.#map.fd,
      });
      const count = attrU32(BATCH_ATTR, "count");
      if (result === -Errno.ENOENT) {
        this.#done = true;
        return count;
      }
      if (result === -Errno.ENOSPC && this.#room < MAX_ROOM) {
        this.#grow();
        continue;
      }
      if (result < 0) {
        const operation = this.#command === "BPF_MAP_LOOKUP_BATCH" ? "batch" : "batch-take";
        throw mapFailure(this.#map.spec, operation, -result, { call: this.#command, since: "5.6" });
      }
      this.#started = true;
      [this.#from, this.#to] = [this.#to, this.#from];
      return count;
    }
  }

  /** rewind makes the next step start at the beginning again. */
  rewind(): void {
    this.#started = false;
    this.#done = false;
  }

  // A bucket holds more than there is room for; the kernel has moved on by nothing.
  #grow(): void {
    this.#room *= 2;
    this.#keys = new Uint8Array(this.#room * this.#map.spec.keySize);
    this.#values = new Uint8Array(this.#room * this.#map.valueBytes);
  }
}

function writeBatch(
  map: BatchMap,
  command: CommandName,
  keys: Uint8Array,
  values: Uint8Array | undefined,
  count: number,
  flags: UpdateFlags,
): number {
  const { keySize, name } = map.spec;
  if (keys.byteLength < count * keySize || (values && values.byteLength < count * map.valueBytes)) {
    const given = `${Math.floor(keys.byteLength / Math.max(keySize, 1))} keys`;
    const size = `a key has ${keySize} bytes, a value ${map.valueBytes}`;
    throw new BpfError("bad-argument", `${count} elements of map "${name}" are more than were given`, {
      hint:
        values === undefined ? `there are ${given}; ${size}` : `there are ${given} and their values; ${size}`,
    });
  }
  if (count === 0) return 0;
  const result = bpf(command, BATCH_ATTR, {
    keys,
    values: values ?? 0,
    count,
    map_fd: map.fd,
    elem_flags: flags,
  });
  if (result < 0 && result !== -Errno.ENOENT) {
    const operation = values === undefined ? "batch-delete" : "batch-update";
    throw mapFailure(map.spec, operation, -result, { call: command, since: "5.6", flags });
  }
  return attrU32(BATCH_ATTR, "count");
}

/**
 * updateBatch writes the first `count` elements of the buffers and gives the number written (5.6). Of the
 * flags the kernel takes BPF_F_LOCK only.
 */
export function updateBatch(
  map: BatchMap,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
  flags: UpdateFlags = 0,
): number {
  return writeBatch(map, "BPF_MAP_UPDATE_BATCH", keys, values, count, flags);
}

/** deleteBatch deletes the first `count` keys and gives the number deleted; it stops at a key that is gone (5.6). */
export function deleteBatch(map: BatchMap, keys: Uint8Array, count: number): number {
  return writeBatch(map, "BPF_MAP_DELETE_BATCH", keys, undefined, count, 0);
}
