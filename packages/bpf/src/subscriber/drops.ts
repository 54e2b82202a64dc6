import { BpfError } from "../errors.js";
import { type BpfMap, u32Bytes } from "../maps/map.js";
import { MapType } from "../uapi/map-types.js";

const TWO_32 = 0x1_0000_0000;

/**
 * DropCounters reads what a program says it had to drop. A ring buffer without room only answers its program
 * (bpf_ringbuf_reserve() gives nil, bpf_ringbuf_output() an error), so the program counts, by a convention:
 * a map `drops`, BPF_MAP_TYPE_PERCPU_ARRAY (or ARRAY) of 64-bit counters, one per reason, the first for
 * "no room". In Go3s: `drops = bpf.PerCPUArray[uint64](1)`, and where a record does not go out
 * `if count := drops.Lookup(0); count != nil { *count += 1 }`.
 */
export class DropCounters {
  readonly #map: BpfMap;
  readonly #value: Uint8Array;
  readonly #view: DataView;
  readonly #keys: readonly Uint8Array[];
  #last: number[];

  /** The map stays the caller's. Throws BpfError `bad-argument` when it is not of that form. */
  constructor(map: BpfMap) {
    const { type, valueSize, maxEntries, name } = map.spec;
    const isArray = type === MapType.BPF_MAP_TYPE_PERCPU_ARRAY || type === MapType.BPF_MAP_TYPE_ARRAY;
    if (!isArray || valueSize !== 8) {
      throw new BpfError("bad-argument", `map "${name}" is not a map of drop counters`, {
        hint: "make it a per-CPU array of 64-bit counters, one per reason",
      });
    }
    this.#map = map;
    this.#value = new Uint8Array(map.valueBytes);
    this.#view = new DataView(this.#value.buffer);
    this.#keys = Array.from({ length: maxEntries }, (_, index) => u32Bytes(index));
    this.#last = this.#keys.map(() => 0);
  }

  /** read gives the counters by reason, all processors together; exact up to 2^53. */
  read(): readonly number[] {
    try {
      this.#last = this.#keys.map((key) => this.#sum(key));
    } catch (error) {
      // After the map was closed, what was read last is what there is.
      if (!(error instanceof BpfError) || error.code !== "closed") throw error;
    }
    return this.#last;
  }

  /** total adds up all reasons. */
  total(): number {
    return this.read().reduce((sum, count) => sum + count, 0);
  }

  #sum(key: Uint8Array): number {
    this.#map.lookupInto(key, this.#value);
    let sum = 0;
    for (let at = 0; at < this.#value.length; at += 8) {
      sum += this.#view.getUint32(at + 4, true) * TWO_32 + this.#view.getUint32(at, true);
    }
    return sum;
  }
}
