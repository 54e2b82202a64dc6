import { BinaryError } from "../errors.js";

/** Bytes is a piece of a file with what error messages need: its name and where it begins in the file. */
export interface Bytes {
  readonly data: Uint8Array;
  readonly view: DataView;
  /** base is the file offset of data[0]; 0 for decompressed data. */
  readonly base: number;
  /** what names the piece in error messages. */
  readonly what: string;
}

/** bytesOf wraps data; base is its offset in the file. */
export function bytesOf(data: Uint8Array, base: number, what: string): Bytes {
  return { data, view: new DataView(data.buffer, data.byteOffset, data.byteLength), base, what };
}

/** need throws unless length bytes are there at offset. */
export function need(bytes: Bytes, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= bytes.data.length)) {
    throw new BinaryError(
      "truncated",
      `${bytes.what}: ${length} bytes wanted at ${offset}, ${bytes.data.length} there`,
      {
        offset: bytes.base + offset,
      },
    );
  }
}

/** u8 reads one byte at offset. */
export function u8(bytes: Bytes, offset: number): number {
  need(bytes, offset, 1);
  return bytes.view.getUint8(offset);
}

/** u16 reads a little-endian 16-bit number. */
export function u16(bytes: Bytes, offset: number): number {
  need(bytes, offset, 2);
  return bytes.view.getUint16(offset, true);
}

/** u32 reads a little-endian 32-bit number. */
export function u32(bytes: Bytes, offset: number): number {
  need(bytes, offset, 4);
  return bytes.view.getUint32(offset, true);
}

/** i32 reads a little-endian signed 32-bit number. */
export function i32(bytes: Bytes, offset: number): number {
  need(bytes, offset, 4);
  return bytes.view.getInt32(offset, true);
}

/** u64 reads a little-endian 64-bit number that must fit a JavaScript integer (2^53). */
export function u64(bytes: Bytes, offset: number): number {
  need(bytes, offset, 8);
  const high = bytes.view.getUint32(offset + 4, true);
  if (high >= 0x20_0000) {
    throw new BinaryError("too-large", `${bytes.what}: a 64-bit value beyond 2^53`, {
      offset: bytes.base + offset,
    });
  }
  return high * 0x1_0000_0000 + bytes.view.getUint32(offset, true);
}

/** u64OrInfinity reads a 64-bit number, and gives Infinity for one beyond 2^53: for fields that only get compared. */
export function u64OrInfinity(bytes: Bytes, offset: number): number {
  need(bytes, offset, 8);
  const high = bytes.view.getUint32(offset + 4, true);
  return high >= 0x20_0000
    ? Number.POSITIVE_INFINITY
    : high * 0x1_0000_0000 + bytes.view.getUint32(offset, true);
}

/** sub is the piece of length bytes at offset. */
export function sub(bytes: Bytes, offset: number, length: number, what = bytes.what): Bytes {
  need(bytes, offset, length);
  return bytesOf(bytes.data.subarray(offset, offset + length), bytes.base + offset, what);
}

/** cString reads the NUL-terminated text at offset; a missing NUL is an error. */
export function cString(bytes: Bytes, offset: number): string {
  need(bytes, offset, 1);
  const end = bytes.data.indexOf(0, offset);
  if (end < 0) {
    throw new BinaryError("truncated", `${bytes.what}: text without its NUL`, {
      offset: bytes.base + offset,
    });
  }
  return text(bytes.data, offset, end);
}

/** text decodes data[start, end) as UTF-8. */
export function text(data: Uint8Array, start: number, end: number): string {
  return Buffer.from(data.buffer, data.byteOffset + start, end - start).toString("utf8");
}

/** find returns where needle begins in data at or after from, or -1; the search is native and fast. */
export function find(data: Uint8Array, needle: Uint8Array, from = 0): number {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).indexOf(needle, from);
}

/** align rounds value up to a multiple of unit. */
export function align(value: number, unit: number): number {
  return unit <= 1 ? value : Math.ceil(value / unit) * unit;
}
