import { randomFillSync } from "node:crypto";
import type { Piece } from "./head.js";

/** Where the parts of a span's identity lie in its bytes; the threshold is what its parent has reached (sampling/threshold.ts). */
export const idLayout = { trace: 0, span: 16, parent: 24, threshold: 32, size: 36 } as const;

/** keepThreshold notes a parent's threshold. */
export function keepThreshold(ids: Uint8Array, threshold: number, at: number = idLayout.threshold): void {
  for (let i = 0; i < 4; i++) ids[at + i] = threshold >>> (8 * i);
}

/** keptThreshold gives it. */
export function keptThreshold(ids: Uint8Array, at: number = idLayout.threshold): number {
  return (ids[at] | (ids[at + 1] << 8) | (ids[at + 2] << 16) | (ids[at + 3] << 24)) >>> 0;
}

const pool = new Uint8Array(65536);
let used = pool.length;

/** fillRandom puts `length` random bytes at bytes[at]; never all zero, which W3C calls invalid. */
export function fillRandom(bytes: Uint8Array, at: number, length: number): void {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let any = 0;
  for (let i = 0; i < length; i++) {
    const byte = pool[used + i];
    bytes[at + i] = byte;
    any |= byte;
  }
  used += length;
  if (any === 0) fillRandom(bytes, at, length);
}

/**
 * readTraceparent takes trace id and parent span id from a W3C traceparent header that lies in `source`
 * (https://www.w3.org/TR/trace-context/#traceparent-header). It gives false, and leaves `ids` alone, when the value is
 * not valid: then the header counts as absent.
 */
export function readTraceparent(source: Uint8Array, at: Piece, ids: Uint8Array): boolean {
  const { start } = at;
  const length = at.end - start;
  if (start < 0 || length < 55) return false;
  const version = hexByte(source, start);
  // Version 255 is forbidden; version 0 has exactly 55 characters; later ones may go on behind a dash.
  if (version < 0 || version === 255 || (version === 0 && length !== 55)) return false;
  if (length > 55 && source[start + 55] !== DASH) return false;
  if (source[start + 2] !== DASH || source[start + 35] !== DASH || source[start + 52] !== DASH) return false;
  if (hexByte(source, start + 53) < 0) return false;
  if (!readHex(source, start + 3, scratch, 0, 16) || !readHex(source, start + 36, scratch, 16, 8))
    return false;
  ids.set(scratch.subarray(0, 16), idLayout.trace);
  ids.set(scratch.subarray(16, 24), idLayout.parent);
  return true;
}

const DASH = 45;
const scratch = new Uint8Array(24);

function readHex(source: Uint8Array, from: number, into: Uint8Array, at: number, length: number): boolean {
  let any = 0;
  for (let i = 0; i < length; i++) {
    const byte = hexByte(source, from + 2 * i);
    if (byte < 0) return false;
    into[at + i] = byte;
    any |= byte;
  }
  return any !== 0;
}

function hexByte(source: Uint8Array, at: number): number {
  const high = hexDigit(source[at]);
  const low = hexDigit(source[at + 1]);
  return high < 0 || low < 0 ? -1 : (high << 4) | low;
}

/** Lower case only, as the standard demands. */
function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  return c >= 97 && c <= 102 ? c - 87 : -1;
}

/** hexText writes bytes[start, start + length) as lower-case hexadecimal. */
export function hexText(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString("hex");
}
