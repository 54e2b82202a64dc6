import { BpfError } from "../errors.js";
import type { Field, Layout, StructLayout } from "./layout.js";
import { bigReader, bitReader, integerReader, isSigned, isWide, wideBitReader } from "./scalar.js";
import { readText } from "./text.js";

/**
 * Plain is a value of the kernel as JavaScript has it: number up to 32 bits, bigint beyond, text for char
 * arrays, Uint8Array for bytes, arrays and objects for the rest.
 */
export type Plain = number | bigint | boolean | string | Uint8Array | readonly Plain[] | PlainObject;

/** PlainObject is a struct as an object. */
export interface PlainObject {
  readonly [field: string]: Plain;
}

/** PlainReader makes a plain value of the bytes at an offset; nothing in it refers to them. */
export type PlainReader = (view: DataView, at: number) => Plain;

function scalarReader(layout: Layout, bits: Field["bits"]): PlainReader {
  const signed = isSigned(layout);
  if (bits !== undefined) {
    if (layout.kind === "bool") {
      const read = bitReader(bits.shift, Math.min(bits.size, 32), false);
      return (view, at) => read(view, at) !== 0;
    }
    if (isWide(layout, bits)) return wideBitReader(bits.shift, bits.size, signed);
    return bitReader(bits.shift, bits.size, signed);
  }
  if (layout.kind === "bool") return (view, at) => view.getUint8(at) !== 0;
  return integerReader(layout.size, signed) ?? bigReader(layout.size, signed);
}

function structReader(layout: StructLayout, known: Map<Layout, PlainReader>): PlainReader {
  const fields = layout.fields.map(({ name, offset, layout: inner, bits }) => ({
    name,
    offset,
    read: bits === undefined ? readerFor(inner, known) : scalarReader(inner, bits),
  }));
  return (view, at) => {
    const object: Record<string, Plain> = {};
    for (const { name, offset, read } of fields) object[name] = read(view, at + offset);
    return object;
  };
}

function makeReader(layout: Layout, known: Map<Layout, PlainReader>): PlainReader {
  const { size } = layout;
  switch (layout.kind) {
    case "float":
      return size === 4 ? (view, at) => view.getFloat32(at, true) : (view, at) => view.getFloat64(at, true);
    case "text":
      return (view, at) => readText(new Uint8Array(view.buffer, view.byteOffset + at, size), 0, size);
    case "bytes":
      return (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, size).slice();
    case "array": {
      const read = readerFor(layout.element, known);
      const { length, element } = layout;
      return (view, at) => Array.from({ length }, (_, i) => read(view, at + i * element.size));
    }
    case "struct":
    case "union":
      return structReader(layout, known);
    default:
      return scalarReader(layout, undefined);
  }
}

/** Values in one plain value: more than a map's element ever has, less than makes the process run out of memory. */
const MAX_VALUES = 1 << 22;

// Structs in structs and arrays multiply, so the values are counted before any is made.
function valuesIn(layout: Layout, known: Map<Layout, number>): number {
  let count = known.get(layout);
  if (count !== undefined) return count;
  count = 1;
  if (layout.kind === "array") count = Math.max(1, layout.length * valuesIn(layout.element, known));
  else if ("fields" in layout) {
    for (const field of layout.fields) count += valuesIn(field.layout, known);
  }
  known.set(layout, count);
  return count;
}

function readerFor(layout: Layout, known: Map<Layout, PlainReader>): PlainReader {
  const made = known.get(layout) ?? makeReader(layout, known);
  known.set(layout, made);
  return made;
}

/** plainReader makes the reader of a layout. It allocates; views do not. Throws `bad-btf` for giants. */
export function plainReader(layout: Layout): PlainReader {
  const count = valuesIn(layout, new Map());
  if (count > MAX_VALUES) {
    throw new BpfError("bad-btf", `a type holds ${count} values, too many for one object`, {
      hint: "read its fields through a view",
    });
  }
  return readerFor(layout, new Map());
}
