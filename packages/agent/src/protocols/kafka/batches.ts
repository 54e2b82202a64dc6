// Record batches of version 2 and the records in them (Kafka's documentation, "Record Batch" and "Record").

import { i32, latin1, printable, startsWith, u16 } from "../text.js";
import type { MessageContext } from "../wire.js";
import { type Cursor, offsetAt, skip, skipLong, zigzag } from "./cursor.js";

/** Batch is what one batch says. */
export interface Batch {
  /** first is its first offset: a broker's, or 0 in what is sent to one; -1 when it cannot be told. */
  first: number;
  /** offsets is how many it takes, which is more than its records once some were cleaned away. */
  offsets: number;
  /** records is how many messages it has from the wanted offset on. */
  records: number;
  readonly contexts: MessageContext[];
  /** print is what its producer wrote and brokers leave as it is (wire.ts, Messages). */
  readonly print: string;
  /** key is that of an only message, "" when it has none or one that is no short text. */
  key: string;
}

/** BatchReader is how a partition's batches are read. */
export interface BatchReader {
  /** from is the offset that was asked for, -1 for any: a batch is always given whole, what is before is passed over. */
  from: number;
  /** contexts is how many are still wanted. */
  contexts: number;
  /** take gets every batch of messages. */
  take(batch: Batch): void;
}

const batchLimit = 1024;
const header = {
  length: 8,
  lengthEnd: 12,
  magic: 16,
  checksum: 17,
  attributes: 21,
  lastOffset: 23,
  records: 57,
  size: 61,
} as const;
const attribute = { compression: 7, control: 0x20 } as const;
const longestKey = 128;
// Version 0 of the W3C's header; later ones may go on, and a state has 512 characters at least.
const longestParent = 256;
const longestState = 1024;

/** readBatches hands out those in the `length` bytes at the cursor; false when not all of them were captured. */
export function readBatches(c: Cursor, length: number, reader: BatchReader): boolean {
  const { bytes } = c;
  const begin = c.at;
  const stop = begin + length;
  let isWhole = true;
  for (let at = begin, count = 0; at < stop; count++) {
    if (at + header.size > Math.min(c.end, stop) || bytes[at + header.magic] !== 2 || count > batchLimit) {
      // A fetch may end with part of a batch, which its reader asks for again.
      isWhole = stop <= c.end && count > 0;
      break;
    }
    const end = at + Math.max(header.size, header.lengthEnd + i32(bytes, at + header.length));
    if (end > stop) {
      isWhole = count > 0;
      break;
    }
    readBatch(c, at, end, reader);
    at = end;
  }
  c.at = begin;
  c.ok = true;
  skip(c, length);
  return isWhole;
}

/** printOf is length, checksum, times, producer and sequence: a broker writes its own offset and epoch, which the checksum leaves out. */
const printOf = (bytes: Uint8Array, at: number): string =>
  latin1(bytes, at + header.length, at + header.lengthEnd) +
  latin1(bytes, at + header.checksum, at + header.size);

function readBatch(c: Cursor, at: number, end: number, reader: BatchReader): void {
  const { bytes } = c;
  const attributes = u16(bytes, at + header.attributes);
  // What ends a transaction is no message.
  if ((attributes & attribute.control) !== 0) return;
  const batch: Batch = {
    first: offsetAt(bytes, at),
    offsets: Math.max(0, i32(bytes, at + header.lastOffset)) + 1,
    records: Math.max(0, i32(bytes, at + header.records)),
    contexts: [],
    print: printOf(bytes, at),
    key: "",
  };
  const before = reader.from < 0 || batch.first < 0 ? 0 : Math.max(0, reader.from - batch.first);
  if (before >= batch.offsets) return;
  if ((attributes & attribute.compression) === 0)
    readRecords(c, at + header.size, end, before, batch, reader);
  if (before > 0) {
    // Of one that was cleaned nobody knows which are left without reading them all.
    if (batch.records === batch.offsets) batch.records -= before;
    batch.first += before;
    batch.offsets -= before;
  }
  reader.take(batch);
}

/** readRecords reads those that were captured whole. */
function readRecords(
  c: Cursor,
  at: number,
  end: number,
  before: number,
  batch: Batch,
  reader: BatchReader,
): void {
  const { end: captured } = c;
  c.at = at;
  c.ok = true;
  for (let left = batch.records; left > 0 && reader.contexts > 0; left--) {
    c.end = Math.min(captured, end);
    const length = zigzag(c);
    const stop = c.at + length;
    if (!c.ok || length <= 0 || stop > c.end) break;
    c.end = stop;
    const isOnly = batch.records === 1 || (left === 1 && batch.offsets - before === 1);
    readRecord(c, before, isOnly, batch, reader);
    c.at = stop;
    c.ok = true;
  }
  c.end = captured;
}

const found = { parent: 0, parentEnd: 0, state: 0, stateEnd: 0 };

/** readRecord reads one that ends where the cursor does. */
function readRecord(c: Cursor, before: number, isOnly: boolean, batch: Batch, reader: BatchReader): void {
  skip(c, 1);
  skipLong(c);
  if (zigzag(c) < before) return;
  const keyLength = zigzag(c);
  const key = c.at;
  if (keyLength > 0) skip(c, keyLength);
  const valueLength = zigzag(c);
  if (valueLength > 0) skip(c, valueLength);
  if (!c.ok) return;
  if (isOnly && keyLength > 0 && keyLength <= longestKey && printable(c.bytes, key, key + keyLength))
    batch.key = latin1(c.bytes, key, key + keyLength);
  found.parentEnd = found.parent = found.stateEnd = found.state = 0;
  for (let headers = zigzag(c); headers > 0 && c.ok; headers--) readHeader(c);
  if (!c.ok || found.parentEnd === found.parent) return;
  reader.contexts--;
  batch.contexts.push({
    traceparent: latin1(c.bytes, found.parent, found.parentEnd),
    tracestate: latin1(c.bytes, found.state, found.stateEnd),
  });
}

/** readHeader keeps the last one of each name, as consumers do. */
function readHeader(c: Cursor): void {
  const nameLength = zigzag(c);
  const name = c.at;
  skip(c, nameLength);
  const length = zigzag(c);
  const value = c.at;
  if (length > 0) skip(c, length);
  if (!c.ok || length <= 0) return;
  if (length <= longestParent && isName(c.bytes, name, nameLength, "traceparent")) {
    found.parent = value;
    found.parentEnd = value + length;
  } else if (length <= longestState && isName(c.bytes, name, nameLength, "tracestate")) {
    found.state = value;
    found.stateEnd = value + length;
  }
}

const isName = (bytes: Uint8Array, at: number, length: number, name: string): boolean =>
  length === name.length && startsWith(bytes, at, at + length, name);
