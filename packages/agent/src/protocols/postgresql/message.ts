// PostgreSQL's messages, version 3 (https://www.postgresql.org/docs/current/protocol-message-formats.html).

import { u32 } from "../text.js";

/** StartupCode numbers the messages that have no type byte. */
export const StartupCode = { version3: 0x30000, cancel: 80877102, ssl: 80877103, gss: 80877104 } as const;

// The longest startup message the server takes (MAX_STARTUP_PACKET_LENGTH in its pqcomm.h).
const longestStartup = 10000;
// Rows and parameters can have a gigabyte; other messages of more than this are not messages.
const longestData = 0x40000000;
const longestOther = 1 << 20;

const frontend = new Set([..."BCDEFHPQSXpdcf"].map((c) => c.charCodeAt(0)));
const backend = new Set([..."RKSZTDCInt123sENAGHWdcVv"].map((c) => c.charCodeAt(0)));
const long = new Set([..."BPQFpdDEVt"].map((c) => c.charCodeAt(0)));
// Those of one length: BindComplete, CloseComplete, ParseComplete, EmptyQuery, NoData, PortalSuspended, CopyDone, Sync, Flush, Terminate, ReadyForQuery.
const exact = new Map(
  Object.entries({ "1": 4, "2": 4, "3": 4, I: 4, n: 4, s: 4, c: 4, Z: 5 }).map(([c, size]) => [
    c.charCodeAt(0),
    size,
  ]),
);
const exactFront = new Map(
  Object.entries({ S: 4, H: 4, X: 4, c: 4 }).map(([c, size]) => [c.charCodeAt(0), size]),
);

/** startupLength gives the length of a message without type byte, 0 for more, -1 for none. */
export function startupLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 8) return 0;
  const length = u32(bytes, start);
  const code = u32(bytes, start + 4);
  if (length < 8 || length > longestStartup) return -1;
  // Minor versions differ (3.2 since PostgreSQL 18).
  if (code >>> 16 === 3) return length;
  return code === StartupCode.ssl || code === StartupCode.gss || code === StartupCode.cancel ? length : -1;
}

/** messageLength gives the length of a message with its type byte, 0 for more, -1 for none. */
export function messageLength(bytes: Uint8Array, start: number, end: number, fromClient: boolean): number {
  const type = bytes[start];
  if (!(fromClient ? frontend : backend).has(type)) return -1;
  if (end - start < 5) return 0;
  const length = u32(bytes, start + 1);
  const only = (fromClient ? exactFront : exact).get(type);
  if (only !== undefined && length !== only) return -1;
  if (length < 4 || length > (long.has(type) ? longestData : longestOther)) return -1;
  return 1 + length;
}
