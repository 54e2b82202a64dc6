import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { type Access, ArrayView } from "./array-view.js";
import { Place, roughGetter, scalarGetter } from "./getters.js";
import { type Field, type Layout, layoutByName, layoutOf, type StructLayout, structOf } from "./layout.js";
import { type PlainObject, type PlainReader, plainReader } from "./plain.js";
import { bigReader, bitReader, integerReader, isSigned, isWide, wideBitReader } from "./scalar.js";
import { readText } from "./text.js";

/** ViewMemory is memory that views look at, as a ring buffer's reader gives it: both are of the same bytes. */
export interface ViewMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** FieldValue is what a field of a view gives. Views and array views are moved, not made. */
export type FieldValue = number | bigint | boolean | string | Uint8Array | StructView | ArrayView<FieldValue>;

/** AnyFields are the fields of a view whose type the program is not told. */
export type AnyFields = Readonly<Record<string, FieldValue>>;

type WideKeys<F> = { [K in keyof F]: F[K] extends bigint ? K : never }[keyof F];

/** View is a view with typed fields: bindings name them, eventView<F>() takes the caller's word for them. */
export type View<F> = StructView & F & { readonly $number: { readonly [K in WideKeys<F>]: number } };

/**
 * StructView is one object that looks at a struct in memory and is moved from one to the next: nothing is
 * made per event. Its fields are getters at fixed offsets: numbers up to 32 bits, bigint beyond, text for
 * char arrays (made when asked for), Uint8Array windows for bytes, views for structs, ArrayView for arrays.
 */
export class StructView {
  /** Bytes of the type. */
  readonly $size: number;
  /** The 64-bit fields as numbers, exact up to 2^53 and not checked: several times as fast as bigint. */
  readonly $number: object;
  readonly #place: Place;
  readonly #layout: StructLayout;
  #plain: PlainReader | undefined;

  /** eventView() is the way to get here. */
  constructor(layout: StructLayout, place: Place, rough: object) {
    this.#layout = layout;
    this.#place = place;
    this.$size = layout.size;
    this.$number = rough;
  }

  /**
   * at moves the view to a place in memory and gives the view itself. A `length` less than the type's size,
   * as a record of an older program may have, throws BpfError `bad-argument`; without it the record is
   * believed, and reading beyond the memory throws RangeError.
   */
  at(memory: ViewMemory, offset: number, length = this.$size): this {
    if (length < this.$size) this.#refuse(length);
    const place = this.#place;
    place.view = memory.view;
    place.bytes = memory.bytes;
    place.offset = offset;
    return this;
  }

  /** toObject makes a plain object of all fields, which stays when the memory is given back. */
  toObject(): PlainObject {
    this.#plain ??= plainReader(this.#layout);
    const plain = this.#plain(this.#place.view, this.#place.offset);
    if (
      typeof plain === "object" &&
      !Array.isArray(plain) &&
      !(plain instanceof Uint8Array) &&
      isObject(plain)
    )
      return plain;
    throw new BpfError("bad-btf", "a struct has no fields");
  }

  #refuse(length: number): never {
    const name = this.#layout.name === "" ? "the type" : `"${this.#layout.name}"`;
    throw new BpfError("bad-argument", `${length} bytes are too short for ${name} of ${this.$size}`, {
      hint: "the program that wrote the record knows another type of this name: make the bindings anew",
    });
  }
}

function isObject(plain: object): plain is PlainObject {
  return !ArrayBuffer.isView(plain);
}

function integer(layout: Layout): Access<FieldValue> {
  const signed = isSigned(layout);
  const narrow = integerReader(layout.size, signed);
  if (narrow !== undefined) return (view, _bytes, at) => narrow(view, at);
  const wide = bigReader(layout.size, signed);
  return (view, _bytes, at) => wide(view, at);
}

// Nested views are made when they are first asked for: broken types may nest more than there is room for.
function access(layout: Layout): Access<FieldValue> {
  const { size } = layout;
  switch (layout.kind) {
    case "bool":
      return (view, _bytes, at) => view.getUint8(at) !== 0;
    case "float":
      return size === 4
        ? (view, _bytes, at) => view.getFloat32(at, true)
        : (view, _bytes, at) => view.getFloat64(at, true);
    case "text":
      return (_view, bytes, at) => readText(bytes, at, size);
    case "bytes":
      return (_view, bytes, at) => bytes.subarray(at, at + size);
    case "array": {
      let array: ArrayView<FieldValue> | undefined;
      const { length, element } = layout;
      return (view, bytes, at) => {
        array ??= new ArrayView(length, element.size, access(element));
        return array.move(view, bytes, at);
      };
    }
    case "struct":
    case "union": {
      let nested: StructView | undefined;
      const place = new Place();
      return (view, bytes, at) => {
        place.view = view;
        place.bytes = bytes;
        place.offset = at;
        nested ??= makeView(layout, place);
        return nested;
      };
    }
    default:
      return integer(layout);
  }
}

function bitAccess(layout: Layout, bits: NonNullable<Field["bits"]>): Access<FieldValue> {
  const { shift, size } = bits;
  if (isWide(layout, bits)) {
    const wide = wideBitReader(shift, size, isSigned(layout));
    return (view, _bytes, at) => wide(view, at);
  }
  const narrow = bitReader(shift, size, isSigned(layout));
  if (layout.kind === "bool") return (view, _bytes, at) => narrow(view, at) !== 0;
  return (view, _bytes, at) => narrow(view, at);
}

function getterOf({ layout, offset, bits }: Field, place: Place): () => FieldValue {
  const scalar = bits === undefined ? scalarGetter(layout, place, offset) : undefined;
  if (scalar !== undefined) return scalar;
  const read = bits === undefined ? access(layout) : bitAccess(layout, bits);
  return () => read(place.view, place.bytes, place.offset + offset);
}

function roughGetterOf({ layout, offset, bits }: Field, place: Place): (() => number) | undefined {
  if (!isWide(layout, bits)) return undefined;
  const signed = isSigned(layout);
  if (bits === undefined && layout.size === 8) return roughGetter(signed, place, offset);
  const read =
    bits === undefined ? bigReader(layout.size, signed) : wideBitReader(bits.shift, bits.size, signed);
  return () => Number(read(place.view, place.offset + offset));
}

function makeView(layout: StructLayout, place: Place): StructView {
  // Classes of its own for each view: their getters are then constants to the compiler of the run time.
  class Fields extends StructView {}
  class Rough {}
  for (const field of layout.fields) {
    Object.defineProperty(Fields.prototype, field.name, { enumerable: true, get: getterOf(field, place) });
    const rough = roughGetterOf(field, place);
    if (rough) Object.defineProperty(Rough.prototype, field.name, { enumerable: true, get: rough });
  }
  return new Fields(layout, place, new Rough());
}

/** viewOfLayout makes a view of a layout; what is no struct becomes its field `value`. */
export function viewOfLayout<F = AnyFields>(layout: Layout): View<F>;
export function viewOfLayout(layout: Layout): StructView {
  return makeView(structOf(layout), new Place());
}

/**
 * eventView makes a view of a type of BTF, by its id or its name as C has it without `struct`. The view is
 * moved with at(memory, offset), as in a ring buffer's handler. Each call makes a view that moves by itself.
 * Read 64-bit fields by $number where 2^53 is enough: getters.ts has the figures.
 * Throws BpfError `not-found`, `bad-btf`.
 */
export function eventView<F = AnyFields>(btf: Btf, type: number | string): View<F> {
  return viewOfLayout<F>(typeof type === "number" ? layoutOf(btf, type) : layoutByName(btf, type));
}

/** memoryOf gives bytes as memory for views. */
export function memoryOf(bytes: Uint8Array): ViewMemory {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
