import { BpfError } from "../errors.js";
import type { Access, ArrayView } from "./array-view.js";
import { bigReader } from "./scalar.js";
import type { ViewMemory } from "./view.js";

const NO_VIEW = new DataView(new ArrayBuffer(0));
const NO_BYTES = new Uint8Array(0);

/**
 * FixedView is what views in bindings extend: one object that is moved from struct to struct, its getters
 * at offsets that are written in the source. See StructView for the same made at run time.
 */
export abstract class FixedView {
  $view: DataView = NO_VIEW;
  $bytes: Uint8Array = NO_BYTES;
  $offset = 0;

  /** Bytes of the type. */
  abstract get $size(): number;

  /**
   * at moves the view to a place in memory and gives the view itself. A `length` less than the type's size
   * throws BpfError `bad-argument`; without it the record is believed, and reading beyond the memory throws
   * RangeError.
   */
  at(memory: ViewMemory, offset: number, length = this.$size): this {
    if (length < this.$size) throw tooShort(length, this.$size);
    return this.$move(memory.view, memory.bytes, offset);
  }

  /** $move moves the view; struct members are moved with it. */
  $move(view: DataView, bytes: Uint8Array, offset: number): this {
    this.$view = view;
    this.$bytes = bytes;
    this.$offset = offset;
    return this;
  }
}

// Apart from at(), which must be short: V8 compiles what a handler calls into it up to 920 bytes of bytecode in
// all, and getters of 64 bits for which nothing is left stay calls that allocate what they give.
function tooShort(length: number, size: number): BpfError {
  return new BpfError("bad-argument", `${length} bytes are too short for a type of ${size}`, {
    hint: "the program that wrote the record knows another type of this name: make the bindings anew",
  });
}

/** accessView gives the access of a struct in an array: one view, moved. */
export function accessView<V extends FixedView>(nested: V): Access<V> {
  return (view, bytes, at) => nested.$move(view, bytes, at);
}

/** accessArray gives the access of an array in an array: one array view, moved. */
export function accessArray<T>(nested: ArrayView<T>): Access<ArrayView<T>> {
  return (view, bytes, at) => nested.move(view, bytes, at);
}

/** accessBig gives the access of integers of unusual sizes in an array. */
export function accessBig(size: number, signed: boolean): Access<bigint> {
  const read = bigReader(size, signed);
  return (view, _bytes, at) => read(view, at);
}
