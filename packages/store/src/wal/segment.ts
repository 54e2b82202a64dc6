import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

/** SEGMENT_MAGIC begins every segment file. */
export const SEGMENT_MAGIC = "GO3SWAL1";
/** SEGMENT_HEADER_BYTES is the length of a segment's header; the first frame begins there. */
export const SEGMENT_HEADER_BYTES = 32;
/** SEGMENT_SUFFIX ends the name of a segment file; before it stands the number in ten digits. */
export const SEGMENT_SUFFIX = ".wal";
const NUMBER_DIGITS = 10;

/** SegmentHeader names a segment. */
export interface SegmentHeader {
  readonly number: number;
  /**
   * nonce is 16 hex digits of chance. Number and nonce together are the deduplication token of the segment's
   * rows: were it the number alone, a log begun anew beside old tables would have its rows taken for repeats.
   */
  readonly nonce: string;
}

/** segmentFileName gives the file name of segment `number`. */
export function segmentFileName(number: number): string {
  return `${String(number).padStart(NUMBER_DIGITS, "0")}${SEGMENT_SUFFIX}`;
}

/** segmentNumber gives the number in a segment's file name, or undefined for any other file. */
export function segmentNumber(name: string): number | undefined {
  const match = /^(\d{10,15})\.wal$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** newNonce draws a nonce for a new segment. */
export function newNonce(): string {
  return randomBytes(8).toString("hex");
}

/** encodeSegmentHeader gives the 32 bytes at the start of a segment file. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  bytes.write(SEGMENT_MAGIC, 0, "latin1");
  bytes.writeBigUInt64LE(BigInt(header.number), 8);
  bytes.write(header.nonce, 16, 8, "hex");
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}

/** decodeSegmentHeader reads a segment's header, or gives undefined when it is damaged or missing. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, SEGMENT_HEADER_BYTES);
  if (buffer.toString("latin1", 0, 8) !== SEGMENT_MAGIC) return undefined;
  if (buffer.readUInt32LE(28) !== crc32(buffer.subarray(0, 28))) return undefined;
  return { number: Number(buffer.readBigUInt64LE(8)), nonce: buffer.toString("hex", 16, 24) };
}

/** segmentToken gives the stable name under which the rows of a segment are inserted. */
export function segmentToken(header: SegmentHeader): string {
  return `${segmentFileName(header.number).slice(0, -SEGMENT_SUFFIX.length)}-${header.nonce}`;
}
