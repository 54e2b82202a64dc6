import { BpfError } from "../errors.js";
import type { MappedMemory } from "../kernel/mmap.js";
import { MapType } from "../uapi/map-types.js";
import type { BpfMap } from "./map.js";
import { mapTitle } from "./misuse.js";

/**
 * ArrayMemory is an array map's memory: values are read, and written where that is allowed, without a
 * system call, at the moment. A read of a 64-bit word that is aligned is whole; a struct may be caught half
 * written, so that what belongs together needs a sequence number of its own.
 */
export class ArrayMemory {
  readonly length: number;
  /** Bytes from one value to the next. */
  readonly stride: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #memory: MappedMemory;
  readonly #valueSize: number;

  /** Maps an array made with BPF_F_MMAPABLE (5.5); the map may be closed afterwards. Throws `bad-argument`. */
  constructor(map: BpfMap, writable = false) {
    if (map.spec.type !== MapType.BPF_MAP_TYPE_ARRAY) {
      throw new BpfError("bad-argument", `the elements of ${mapTitle(map.spec)} cannot be mapped`, {
        hint: "the kernel maps plain arrays only: cpuCountersSpec() makes one with a slot per processor",
      });
    }
    this.#memory = map.mapMemory(writable);
    this.#valueSize = map.spec.valueSize;
    this.length = map.spec.maxEntries;
    this.stride = Math.ceil(map.spec.valueSize / 8) * 8;
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.view = new DataView(this.#memory.buffer);
  }

  /** offsetOf gives the place of a value in `bytes` and `view`. Throws `bad-argument` beyond the end. */
  offsetOf(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return index * this.stride;
    throw new BpfError("bad-argument", `an array of ${this.length} elements has none with index ${index}`);
  }

  /** at gives a value's bytes in place. */
  at(index: number): Uint8Array {
    const offset = this.offsetOf(index);
    return this.bytes.subarray(offset, offset + this.#valueSize);
  }

  /** close lets go of the memory; the views then read zeros. */
  close(): void {
    this.#memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
