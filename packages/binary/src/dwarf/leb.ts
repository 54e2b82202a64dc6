import { type Bytes, need, u8 } from "../bytes/view.js";
import { BinaryError } from "../errors.js";

/** Cursor is a reading position in a section; it moves as values are read. */
export interface Cursor {
  readonly bytes: Bytes;
  at: number;
}

/** longestLeb bounds a number: 10 bytes carry 64 bits. */
const longestLeb = 10;

/** uleb reads an unsigned LEB128 number; beyond 2^53 it loses low bits, which no field we use has. */
export function uleb(cursor: Cursor): number {
  const { data } = cursor.bytes;
  // The common one-byte case, without the loop.
  const first = data[cursor.at];
  if (first !== undefined && first < 0x80) {
    cursor.at++;
    return first;
  }
  let value = 0;
  for (let i = 0; i < longestLeb; i++) {
    const byte = u8(cursor.bytes, cursor.at);
    cursor.at++;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw new BinaryError(
    "malformed",
    `${cursor.bytes.what}: a LEB128 number of more than ${longestLeb} bytes`,
    {
      offset: cursor.bytes.base + cursor.at,
    },
  );
}

/** sleb reads a signed LEB128 number. */
export function sleb(cursor: Cursor): number {
  const start = cursor.at;
  const value = uleb(cursor);
  const bits = 7 * (cursor.at - start);
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}

/** skip moves over length bytes, which must be there. */
export function skip(cursor: Cursor, length: number): void {
  need(cursor.bytes, cursor.at, length);
  cursor.at += length;
}
