import { BpfError } from "../errors.js";
import { BATCH_ATTR } from "../kernel/attr.generated.js";
import { attrU32, bpf, type CommandName } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import type { BpfMap } from "./map.js";

/**
 * BatchReader reads a map many elements at a time (5.6; per-CPU arrays 5.13) into two buffers it owns.
 * next() fills `keys` and `values` from their start and gives the number of elements, 0 at the end.
 */
export class BatchReader {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly #map: BpfMap;
  readonly #command: CommandName;
  readonly #room: number;
  // The kernel keeps its place in here: a hash a bucket number of four bytes, an array a key.
  #from: Uint8Array;
  #to: Uint8Array;
  #started = false;
  #done = false;

  /** `remove` takes the elements out of the map while reading them. `room` is the most elements a step gives. */
  constructor(map: BpfMap, room: number, remove = false) {
    if (room < 1) throw new BpfError("bad-argument", "a batch needs room for at least one element");
    this.#map = map;
    this.#room = room;
    this.#command = remove ? "BPF_MAP_LOOKUP_AND_DELETE_BATCH" : "BPF_MAP_LOOKUP_BATCH";
    this.keys = new Uint8Array(room * map.spec.keySize);
    this.values = new Uint8Array(room * map.valueBytes);
    this.#from = new Uint8Array(Math.max(map.spec.keySize, 8));
    this.#to = new Uint8Array(this.#from.length);
  }

  /**
   * next reads the next elements. Throws `not-supported` where the kernel has no batches for this map, and
   * `bad-argument` when one bucket of a hash has more elements than there is room for.
   */
  next(): number {
    if (this.#done) return 0;
    const result = bpf(this.#command, BATCH_ATTR, {
      in_batch: this.#started ? this.#from : 0,
      out_batch: this.#to,
      keys: this.keys,
      values: this.values,
      count: this.#room,
      map_fd: this.#map.fd,
    });
    const count = attrU32(BATCH_ATTR, "count");
    if (result === -Errno.ENOENT) {
      this.#done = true;
      return count;
    }
    if (result < 0) throw this.#failure(-result);
    this.#started = true;
    [this.#from, this.#to] = [this.#to, this.#from];
    return count;
  }

  /** rewind makes the next step start at the beginning again. */
  rewind(): void {
    this.#started = false;
    this.#done = false;
  }

  #failure(errno: number): BpfError {
    const tried = `read map "${this.#map.spec.name}" in batches`;
    if (errno === Errno.ENOSPC) {
      const hint = "a bucket holds more elements than there is room for: give the reader more room";
      return failure(errno, { call: this.#command, tried, hint, code: "bad-argument" });
    }
    return failure(errno, { call: this.#command, tried, since: "5.6" });
  }
}

function writeBatch(
  map: BpfMap,
  command: CommandName,
  keys: Uint8Array,
  values: Uint8Array | undefined,
  count: number,
): number {
  const wanted = count * map.spec.keySize;
  if (keys.byteLength < wanted || (values !== undefined && values.byteLength < count * map.valueBytes)) {
    throw new BpfError(
      "bad-argument",
      `${count} elements of map "${map.spec.name}" are more than were given`,
    );
  }
  const result = bpf(command, BATCH_ATTR, { keys, values: values ?? 0, count, map_fd: map.fd });
  if (result < 0 && result !== -Errno.ENOENT) {
    throw failure(-result, { call: command, tried: `write map "${map.spec.name}" in batches`, since: "5.6" });
  }
  return attrU32(BATCH_ATTR, "count");
}

/** updateBatch writes the first `count` elements of the buffers and gives the number written (5.6). */
export function updateBatch(map: BpfMap, keys: Uint8Array, values: Uint8Array, count: number): number {
  return writeBatch(map, "BPF_MAP_UPDATE_BATCH", keys, values, count);
}

/** deleteBatch deletes the first `count` keys and gives the number deleted; it stops at a key that is gone (5.6). */
export function deleteBatch(map: BpfMap, keys: Uint8Array, count: number): number {
  return writeBatch(map, "BPF_MAP_DELETE_BATCH", keys, undefined, count);
}
