// Kafka's field types, read in place; past the end everything is zero or empty and `ok` is false.

import { i32, latin1, u32, utf8 } from "../text.js";

/** Cursor is a place in a message. */
export interface Cursor {
  bytes: Uint8Array;
  at: number;
  end: number;
  ok: boolean;
  /** flexible messages have compact strings and arrays, and tagged fields. */
  flexible: boolean;
}

/** newCursor makes one to set again and again. */
export function newCursor(): Cursor {
  return { bytes: new Uint8Array(0), at: 0, end: 0, ok: false, flexible: false };
}

/** skip passes over bytes. */
export function skip(c: Cursor, count: number): void {
  if (count < 0 || c.at + count > c.end) {
    c.ok = false;
    c.at = c.end;
  } else c.at += count;
}

/** int8 to int32 read whole numbers. */
export function int8(c: Cursor): number {
  skip(c, 1);
  return c.ok ? (c.bytes[c.at - 1] << 24) >> 24 : 0;
}

export function int16(c: Cursor): number {
  skip(c, 2);
  return c.ok ? ((c.bytes[c.at - 2] << 24) >> 16) | c.bytes[c.at - 1] : 0;
}

export function int32(c: Cursor): number {
  skip(c, 4);
  return c.ok ? i32(c.bytes, c.at - 4) : 0;
}

/** int64 reads an offset: a whole number from 0 up to what a JavaScript number can say, -1 for any other. */
export function int64(c: Cursor): number {
  skip(c, 8);
  return c.ok ? offsetAt(c.bytes, c.at - 8) : -1;
}

/** offsetAt does the same where the bytes are known to be there. */
export function offsetAt(bytes: Uint8Array, at: number): number {
  const high = i32(bytes, at);
  return high < 0 || high > 0x1fffff ? -1 : high * 2 ** 32 + u32(bytes, at + 4);
}

/** varint reads an unsigned number of seven bits a byte. */
export function varint(c: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    if (c.at >= c.end) break;
    const byte = c.bytes[c.at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  c.ok = false;
  return 0;
}

/** zigzag reads a signed number of seven bits a byte. */
export function zigzag(c: Cursor): number {
  const value = varint(c);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** skipLong passes over a signed number of up to ten bytes. */
export function skipLong(c: Cursor): void {
  for (let bytes = 0; bytes < 10 && c.at < c.end; bytes++) if (c.bytes[c.at++] < 0x80) return;
  c.ok = false;
}

/** text reads a string, "" for none; one that is cut is not there. */
export function text(c: Cursor): string {
  const length = c.flexible ? varint(c) - 1 : int16(c);
  if (!c.ok || length <= 0) return "";
  skip(c, length);
  return c.ok ? utf8(c.bytes, c.at - length, c.at) : "";
}

/** count reads how many items follow. */
export function count(c: Cursor): number {
  const items = c.flexible ? varint(c) - 1 : int32(c);
  return c.ok ? Math.max(0, items) : 0;
}

/** size reads the length of bytes that follow; 0 when there are none. */
export function size(c: Cursor): number {
  return count(c);
}

/** uuid reads 16 bytes as text without dashes. */
export function uuid(c: Cursor): string {
  skip(c, 16);
  if (!c.ok) return "";
  let hex = "";
  for (const c2 of latin1(c.bytes, c.at - 16, c.at)) hex += c2.charCodeAt(0).toString(16).padStart(2, "0");
  return hex;
}

/** tags passes over the tagged fields of a flexible message. */
export function tags(c: Cursor): void {
  if (!c.flexible) return;
  for (let left = varint(c); left > 0 && c.ok; left--) {
    varint(c);
    skip(c, varint(c));
  }
}
