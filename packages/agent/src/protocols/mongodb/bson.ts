// BSON documents (https://bsonspec.org), walked in place as far as they were captured.

import { i32le, latin1, utf8, zeroAt } from "../text.js";

/** Element takes a document's element: its type, name, and where its value is. */
export type Element = (type: number, name: string, value: number, valueEnd: number) => void;

export const Type = {
  double: 1,
  string: 2,
  document: 3,
  array: 4,
  boolean: 8,
  int32: 16,
  int64: 18,
} as const;

// Sizes of values by type; -1 means that the value says it.
const sizes: ReadonlyMap<number, number> = new Map([
  [0x01, 8],
  [0x06, 0],
  [0x07, 12],
  [0x08, 1],
  [0x09, 8],
  [0x0a, 0],
  [0x10, 4],
  [0x11, 8],
  [0x12, 8],
  [0x13, 16],
  [0x7f, 0],
  [0xff, 0],
]);
const elementLimit = 256;

/** walk reads the document at `start`, whose bytes end at `end` at the latest; false when it is cut or wrong. */
export function walk(bytes: Uint8Array, start: number, end: number, element: Element): boolean {
  if (end - start < 5) return false;
  const stop = start + i32le(bytes, start);
  let at = start + 4;
  for (let elements = 0; at < Math.min(end, stop) && elements < elementLimit; elements++) {
    const type = bytes[at];
    if (type === 0) return true;
    const nameEnd = zeroAt(bytes, at + 1, end);
    if (nameEnd < 0) return false;
    const value = nameEnd + 1;
    const valueEnd = value + sizeOf(bytes, value, end, type);
    if (!(valueEnd >= value)) return false;
    // A value that is cut is handed out when its beginning says something: documents, not numbers and texts.
    if (valueEnd > end && type !== Type.array && type !== Type.document) return false;
    element(type, latin1(bytes, at + 1, nameEnd), value, Math.min(valueEnd, end));
    at = valueEnd;
  }
  return at === stop - 1;
}

function sizeOf(bytes: Uint8Array, at: number, end: number, type: number): number {
  const fixed = sizes.get(type);
  if (fixed !== undefined) return fixed;
  if (type === 0x0b) {
    const first = zeroAt(bytes, at, end);
    const second = first < 0 ? -1 : zeroAt(bytes, first + 1, end);
    return second < 0 ? Number.NaN : second + 1 - at;
  }
  if (at + 4 > end) return Number.NaN;
  const length = i32le(bytes, at);
  if (length < 0) return Number.NaN;
  if (type === Type.string || type === 0x0d || type === 0x0e) return 4 + length;
  if (type === Type.document || type === Type.array || type === 0x0f) return length;
  if (type === 0x05) return 5 + length;
  if (type === 0x0c) return 4 + length + 12;
  return Number.NaN;
}

/** stringAt reads a string's value. */
export function stringAt(bytes: Uint8Array, value: number, valueEnd: number): string {
  return utf8(bytes, value + 4, Math.max(value + 4, valueEnd - 1));
}

/** numberAt reads a number of any type; NaN for others. */
export function numberAt(bytes: Uint8Array, type: number, value: number): number {
  if (type === Type.int32) return i32le(bytes, value);
  if (type === Type.boolean) return bytes[value];
  const view = new DataView(bytes.buffer, bytes.byteOffset + value, 8);
  if (type === Type.double) return view.getFloat64(0, true);
  if (type === Type.int64) return Number(view.getBigInt64(0, true));
  return Number.NaN;
}
