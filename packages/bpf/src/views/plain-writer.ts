import { BpfError } from "../errors.js";
import type { Field, Layout, StructLayout } from "./layout.js";
import type { Plain, PlainObject } from "./plain.js";
import { bigReader, isSigned } from "./scalar.js";

/** Trail is the way to the value at hand, for messages: `key.addr[3]`. */
type Trail = string[];

function refuse(trail: Trail, why: string, hint?: string): never {
  throw new BpfError("bad-argument", `${trail.join("")}: ${why}`, { hint });
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}

function writeInteger(view: DataView, at: number, size: number, value: bigint): void {
  let rest = value;
  for (let i = 0; i < size; i++, rest >>= 8n) view.setUint8(at + i, Number(rest & 0xffn));
}

function checkedInteger(layout: Layout, bits: number, value: Plain, trail: Trail): bigint {
  let integer: bigint;
  if (typeof value === "bigint") integer = value;
  else if (typeof value === "boolean") integer = value ? 1n : 0n;
  else if (typeof value === "number" && Number.isInteger(value)) integer = BigInt(value);
  else if (typeof value === "string" && layout.kind === "enum") {
    const found = layout.values.find(({ name }) => name === value);
    const known = layout.values.map(({ name }) => name).join(", ");
    if (found === undefined)
      return refuse(trail, `enum ${layout.name} has no value "${value}"`, `it has ${known}`);
    integer = BigInt(found.value);
  } else return refuse(trail, `${describe(value)} is no integer`);
  const signed = isSigned(layout);
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  if (integer < low || integer > high) refuse(trail, `${integer} does not fit (${low} to ${high})`);
  return integer;
}

function writeBits(view: DataView, at: number, { layout, bits }: Field, value: Plain, trail: Trail): void {
  if (bits === undefined) return;
  const bytes = Math.ceil((bits.shift + bits.size) / 8);
  const integer = BigInt.asUintN(bits.size, checkedInteger(layout, bits.size, value, trail));
  const mask = ((1n << BigInt(bits.size)) - 1n) << BigInt(bits.shift);
  const old = bigReader(bytes, false)(view, at);
  writeInteger(view, at, bytes, (old & ~mask) | (integer << BigInt(bits.shift)));
}

function isStruct(value: Plain): value is PlainObject {
  return typeof value === "object" && !(value instanceof Uint8Array) && !Array.isArray(value);
}

function writeStruct(layout: StructLayout, view: DataView, at: number, value: Plain, trail: Trail): void {
  if (!isStruct(value)) refuse(trail, `${describe(value)} is no ${layout.kind} ${layout.name}`);
  for (const [name, inner] of Object.entries(value)) {
    const field = layout.fields.find((one) => one.name === name);
    trail.push(`.${name}`);
    if (field === undefined) {
      const known = layout.fields.map((one) => one.name).join(", ");
      refuse(trail, `${layout.kind} ${layout.name} has no such member`, `it has ${known}`);
    }
    if (field.bits !== undefined) writeBits(view, at + field.offset, field, inner, trail);
    else write(field.layout, view, at + field.offset, inner, trail);
    trail.pop();
  }
}

function writeBytes(view: DataView, at: number, size: number, value: Uint8Array, trail: Trail): void {
  if (value.length > size) refuse(trail, `${value.length} bytes do not fit into ${size}`);
  new Uint8Array(view.buffer, view.byteOffset + at, size).set(value);
}

function writeArray(
  layout: Layout & { readonly kind: "array" },
  view: DataView,
  at: number,
  value: Plain,
  trail: Trail,
): void {
  if (!Array.isArray(value)) refuse(trail, `${describe(value)} is no array`);
  if (value.length > layout.length) {
    refuse(trail, `${value.length} elements do not fit into ${layout.length}`);
  }
  for (const [i, element] of value.entries()) {
    trail.push(`[${i}]`);
    write(layout.element, view, at + i * layout.element.size, element, trail);
    trail.pop();
  }
}

// A type may always be given as the bytes it is; text and bytes may be shorter.
function writeGiven(layout: Layout, view: DataView, at: number, value: Uint8Array, trail: Trail): void {
  const isExact = layout.kind !== "bytes" && layout.kind !== "text";
  if (isExact && value.length !== layout.size) {
    refuse(trail, `${value.length} bytes were given, it has ${layout.size}`);
  }
  writeBytes(view, at, layout.size, value, trail);
}

function writeFloat(view: DataView, at: number, size: number, value: Plain, trail: Trail): void {
  if (typeof value !== "number") refuse(trail, `${describe(value)} is no number`);
  if (size === 4) view.setFloat32(at, value, true);
  else view.setFloat64(at, value, true);
}

// The common sizes and values go without a BigInt on the way.
function writeNumber(layout: Layout, view: DataView, at: number, value: Plain, trail: Trail): void {
  const { size } = layout;
  if (typeof value === "number" && Number.isInteger(value) && size <= 4) {
    const room = 2 ** (size * 8);
    const low = isSigned(layout) ? -room / 2 : 0;
    const isWithin = value >= low && value < low + room;
    if (isWithin && size === 4) {
      view.setInt32(at, value | 0, true);
      return;
    }
    if (isWithin && size === 2) {
      view.setInt16(at, value, true);
      return;
    }
    if (isWithin && size === 1) {
      view.setInt8(at, value);
      return;
    }
  }
  const integer = BigInt.asUintN(size * 8, checkedInteger(layout, size * 8, value, trail));
  if (size === 8) view.setBigUint64(at, integer, true);
  else writeInteger(view, at, size, integer);
}

function write(layout: Layout, view: DataView, at: number, value: Plain, trail: Trail): void {
  const { size } = layout;
  if (value instanceof Uint8Array) {
    writeGiven(layout, view, at, value, trail);
    return;
  }
  switch (layout.kind) {
    case "text":
      if (typeof value !== "string") refuse(trail, `${describe(value)} is no text`);
      writeBytes(view, at, size, new TextEncoder().encode(value), trail);
      break;
    case "bytes":
      refuse(trail, `${describe(value)} is no Uint8Array`);
      break;
    case "float":
      writeFloat(view, at, size, value, trail);
      break;
    case "bool":
      if (typeof value !== "boolean") refuse(trail, `${describe(value)} is no truth value`);
      writeInteger(view, at, size, value ? 1n : 0n);
      break;
    case "array":
      writeArray(layout, view, at, value, trail);
      break;
    case "struct":
    case "union":
      writeStruct(layout, view, at, value, trail);
      break;
    default:
      writeNumber(layout, view, at, value, trail);
  }
}

/** PlainWriter writes a value into the buffer that it was made for. */
export type PlainWriter = (value: Plain) => void;

/** plainWriter makes a writer of a layout into one buffer, as writePlain() does it, for those who do it often. */
export function plainWriter(layout: Layout, bytes: Uint8Array, what = "value"): PlainWriter {
  if (bytes.byteLength !== layout.size) {
    throw new BpfError("bad-argument", `${what} has ${layout.size} bytes, the buffer ${bytes.byteLength}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const trail = [what];
  return (value) => {
    bytes.fill(0);
    // What an error left behind.
    trail.length = 1;
    write(layout, view, 0, value, trail);
  };
}

/**
 * writePlain writes a plain value as the bytes of a layout; members and elements that are left out are zero.
 * Enums also take the name of a value. Throws BpfError `bad-argument` that names the member for what is not
 * known, of another type or out of range; `what` begins that name.
 */
export function writePlain(layout: Layout, bytes: Uint8Array, value: Plain, what = "value"): void {
  plainWriter(layout, bytes, what)(value);
}
