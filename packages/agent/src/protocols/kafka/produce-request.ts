// An answer begins with its request's number, which is small in a connection's first minutes: it looks like a request to produce, whose number is 0.

import { i32, printable, u16 } from "../text.js";
import { type Cursor, count, int16, int32, newCursor, skip, tags, varint } from "./cursor.js";

const flexibleFrom = 9;
const idsFrom = 13;
const transactionsFrom = 3;
const headerLength = 12;
const shortest = 20;
const longestName = 249;
const mostTopics = 10_000;

/** isProduce says whether a request to produce goes on as one behind the numbers in its header, as far as it is there. */
export function isProduce(bytes: Uint8Array, start: number, end: number): boolean {
  const version = u16(bytes, start + 6);
  const length = i32(bytes, start);
  if (length < shortest) return false;
  const c = newCursor();
  c.bytes = bytes;
  c.at = start + headerLength;
  c.end = Math.min(end, start + 4 + length);
  c.ok = true;
  skip(c, Math.max(0, int16(c)));
  c.flexible = version >= flexibleFrom;
  tags(c);
  if (version >= transactionsFrom && !passName(c, true)) return false;
  const acks = int16(c);
  if (c.ok && (acks < -1 || acks > 1)) return false;
  const timeout = int32(c);
  if (c.ok && timeout <= 0) return false;
  const topics = count(c);
  if (c.ok && (topics < 1 || topics > mostTopics)) return false;
  return version >= idsFrom || passName(c, false);
}

/** passName passes over a text; false when it is none. */
function passName(c: Cursor, isNullable: boolean): boolean {
  const length = c.flexible ? varint(c) - 1 : int16(c);
  if (!c.ok) return true;
  if (length === -1) return isNullable;
  const end = c.at + length;
  if (length < 1 || length > longestName || !printable(c.bytes, c.at, Math.min(c.end, end))) return false;
  skip(c, length);
  return true;
}
