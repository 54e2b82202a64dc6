import { Buffer } from "node:buffer";

/** utf8 makes a string of bytes[start, end); a character cut at the end is left out. */
export function utf8(bytes: Uint8Array, start: number, end: number): string {
  const stop = Math.max(start, Math.min(end, bytes.length));
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start).toString("utf8");
  return text.endsWith("\ufffd") ? text.replace(/\ufffd+$/, "") : text;
}

/** latin1 makes a string of bytes[start, end), one character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const stop = Math.max(start, Math.min(end, bytes.length));
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start).toString("latin1");
}

/** zeroAt gives where the zero byte at or after `start` is, -1 when there is none before `end`. */
export function zeroAt(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === 0) return i;
  return -1;
}

/** startsWith compares bytes[start, end) with ASCII text, as far as both go; at least `least` bytes must be there. */
export function startsWith(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: string,
  least = text.length,
): boolean {
  const count = Math.min(text.length, end - start);
  if (count < Math.min(least, text.length)) return false;
  for (let i = 0; i < count; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** u16, i32 and their likes read big-endian numbers; the caller has checked that the bytes are there. */
export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
}

export function i32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

export function u32(bytes: Uint8Array, at: number): number {
  return i32(bytes, at) >>> 0;
}

/** u16le and its likes are the same, little-endian. */
export function u16le(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

export function u24le(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
}

export function i32le(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

export function u32le(bytes: Uint8Array, at: number): number {
  return i32le(bytes, at) >>> 0;
}

/** printable says whether bytes[start, end) are printable ASCII or white space. */
export function printable(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const c = bytes[i];
    if ((c < 32 || c > 126) && c !== 9 && c !== 10 && c !== 13) return false;
  }
  return true;
}
