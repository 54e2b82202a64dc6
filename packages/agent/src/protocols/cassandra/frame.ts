// CQL's envelopes, protocol 3 to 5, and protocol 5's segments around them
// (https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v5.spec sections 2.1 to 2.3).

import { u24le, u32 } from "../text.js";

export const Opcode = {
  error: 0x00,
  startup: 0x01,
  ready: 0x02,
  authenticate: 0x03,
  options: 0x05,
  supported: 0x06,
  query: 0x07,
  result: 0x08,
  prepare: 0x09,
  execute: 0x0a,
  register: 0x0b,
  event: 0x0c,
  batch: 0x0d,
  authChallenge: 0x0e,
  authResponse: 0x0f,
  authSuccess: 0x10,
} as const;

export const Flag = { compressed: 1, tracing: 2, customPayload: 4, warning: 8 } as const;

/** requestNames are the operations of requests without a statement. */
export const requestNames: ReadonlyMap<number, string> = new Map([
  [Opcode.startup, "STARTUP"],
  [Opcode.options, "OPTIONS"],
  [Opcode.query, "QUERY"],
  [Opcode.prepare, "PREPARE"],
  [Opcode.execute, "EXECUTE"],
  [Opcode.register, "REGISTER"],
  [Opcode.batch, "BATCH"],
  [Opcode.authResponse, "AUTH_RESPONSE"],
]);
const responses: ReadonlySet<number> = new Set([
  Opcode.error,
  Opcode.ready,
  Opcode.authenticate,
  Opcode.supported,
  Opcode.result,
  Opcode.event,
  Opcode.authChallenge,
  Opcode.authSuccess,
]);

export const envelopeHeader = 9;
export const segmentHeader = 6;
export const segmentTrailer = 4;
// native_transport_max_frame_size is 16 MiB by default, 256 MiB before 4.0.
const longestEnvelope = 1 << 28;

/** envelopeLength gives an envelope's length, 0 when more bytes are needed, -1 when it is none. */
export function envelopeLength(bytes: Uint8Array, start: number, end: number, isResponse: boolean): number {
  const version = isResponse ? bytes[start] - 0x80 : bytes[start];
  if (version < 3 || version > 5) return -1;
  if (end - start < envelopeHeader) return 0;
  const opcode = bytes[start + 4];
  if (bytes[start + 1] > 0x1f || !(isResponse ? responses.has(opcode) : requestNames.has(opcode))) return -1;
  const length = u32(bytes, start + 5);
  return length > longestEnvelope ? -1 : envelopeHeader + length;
}

/** segmentLength gives the length of an uncompressed segment with its checksums, 0 for more bytes, -1 when it is none. */
export function segmentLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < segmentHeader) return 0;
  const head = u24le(bytes, start);
  if (head >>> 18 !== 0 || crc24(head) !== u24le(bytes, start + 3)) return -1;
  return segmentHeader + (head & 0x1ffff) + segmentTrailer;
}

/** crc24 is the header's checksum: Koopman's polynomial over its three bytes, the lowest first. */
function crc24(head: number): number {
  let crc = 0x875060;
  for (let shift = 0; shift < 24; shift += 8) {
    crc ^= ((head >> shift) & 0xff) << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1974f0b;
    }
  }
  return crc & 0xffffff;
}
