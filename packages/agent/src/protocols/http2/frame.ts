// HTTP/2 frames (RFC 9113 sections 4 and 6).

import { startsWith, u24, u32 } from "../text.js";

/** FrameType numbers what is read here. */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** FrameFlag are the bits of a frame's flags; endStream of SETTINGS and PING is their acknowledgement. */
export const FrameFlag = { endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const frameHeader = 9;
export const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Flags that each type has, the stream it wants (0: the connection, 1: a stream, 2: any), and its length (-1: any).
const rules: readonly (readonly [flags: number, stream: 0 | 1 | 2, length: number])[] = [
  [0x09, 1, -1],
  [0x2d, 1, -1],
  [0, 1, 5],
  [0, 1, 4],
  [0x01, 0, -1],
  [0x0c, 1, -1],
  [0x01, 0, 8],
  [0, 0, -1],
  [0, 2, 4],
  [0x04, 1, -1],
];
// ALTSVC, ORIGIN and PRIORITY_UPDATE (RFC 7838, 8336, 9218) are passed over.
const otherTypes = new Set([0x0a, 0x0c, 0x10]);

/** frameLength gives a frame's length with its header, 0 when more bytes are needed, -1 when this is no frame. */
export function frameLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < frameHeader) return 0;
  const length = u24(bytes, start);
  const type = bytes[start + 3];
  const flags = bytes[start + 4];
  const stream = u32(bytes, start + 5);
  if (stream >= 0x80000000) return -1;
  const rule = rules[type];
  if (rule === undefined) return otherTypes.has(type) ? frameHeader + length : -1;
  if ((flags & ~rule[0]) !== 0) return -1;
  if (rule[1] !== 2 && (stream === 0) !== (rule[1] === 0)) return -1;
  if (rule[2] >= 0 && length !== rule[2]) return -1;
  if (type === FrameType.settings && length % 6 !== 0) return -1;
  if (type === FrameType.goAway && length < 8) return -1;
  return frameHeader + length;
}

/** isPreface says whether bytes begin as a client's connection does. */
export function isPreface(bytes: Uint8Array, start: number, end: number): boolean {
  return startsWith(bytes, start, end, preface, 4);
}

/** errorNames are RFC 9113 section 7's. */
export const errorNames: readonly string[] = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];
