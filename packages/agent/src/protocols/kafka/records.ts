// What produce and fetch messages say of topics, partitions, records and errors.

import { i32 } from "../text.js";
import { type Cursor, count, int8, int16, int32, size, skip, tags, text, uuid } from "./cursor.js";

/** Topics is what one message says. */
export interface Topics {
  readonly names: string[];
  /** ids are those of topics that are named by number (produce 13, fetch 13). */
  readonly ids: string[];
  partition: number;
  partitions: number;
  /** records counts them; -1 when not all were captured. */
  records: number;
  /** error is the first that is not 0; NaN when the first was not captured. */
  error: number;
}

/** noTopics makes an empty value. */
export function noTopics(): Topics {
  return { names: [], ids: [], partition: -1, partitions: 0, records: 0, error: 0 };
}

// Of each list so many items are looked at.
const topicLimit = 64;
const partitionLimit = 1024;
const batchLimit = 1024;
// A record batch, version 2 (Kafka's documentation, "Record Batch").
const batch = { length: 8, magic: 16, records: 57, header: 61, lengthEnd: 12 } as const;

/** errorCode reads an error's number, NaN when it was not captured. */
export function errorCode(c: Cursor): number {
  const code = int16(c);
  return c.ok ? code : Number.NaN;
}

function topic(c: Cursor, byId: boolean, topics: Topics): void {
  const name = byId ? uuid(c) : text(c);
  if (!c.ok) return;
  const list = byId ? topics.ids : topics.names;
  if (!list.includes(name)) list.push(name);
}

/** records counts those in the batches of `length` bytes at the cursor. */
function records(c: Cursor, length: number, topics: Topics): void {
  const stop = c.at + length;
  for (let at = c.at, batches = 0; at < stop && topics.records >= 0; batches++) {
    if (
      at + batch.header > Math.min(c.end, stop) ||
      c.bytes[at + batch.magic] !== 2 ||
      batches > batchLimit
    ) {
      // A fetch may end with part of a batch, which its reader asks for again.
      topics.records = stop <= c.end && batches > 0 ? topics.records : -1;
      break;
    }
    topics.records += Math.max(0, i32(c.bytes, at + batch.records));
    at += batch.lengthEnd + Math.max(batch.header, i32(c.bytes, at + batch.length));
  }
  skip(c, length);
}

function partition(c: Cursor, topics: Topics): void {
  const index = int32(c);
  if (!c.ok) return;
  topics.partitions++;
  topics.partition = topics.partitions === 1 ? index : -1;
}

/** each runs `read` for every item of a list. */
function each(c: Cursor, limit: number, read: () => void): void {
  for (let left = Math.min(count(c), limit); left > 0 && c.ok; left--) read();
}

/** readProduce reads a request behind its header and gives the acknowledgements it asks for, NaN when that was not captured. */
export function readProduce(c: Cursor, version: number, topics: Topics): number {
  if (version >= 3) text(c);
  const acks = int16(c);
  const known = c.ok;
  skip(c, 4);
  each(c, topicLimit, () => {
    topic(c, version >= 13, topics);
    each(c, partitionLimit, () => {
      partition(c, topics);
      records(c, size(c), topics);
      tags(c);
    });
    tags(c);
  });
  if (!c.ok) topics.records = -1;
  return known ? acks : Number.NaN;
}

/** readProduced reads a produce response's first errors. */
export function readProduced(c: Cursor, version: number, topics: Topics): void {
  each(c, 1, () => {
    if (version >= 13) uuid(c);
    else text(c);
    each(c, 1, () => {
      skip(c, 4);
      topics.error = errorCode(c);
    });
  });
}

/** readFetch reads a fetch request behind its header. */
export function readFetch(c: Cursor, version: number, topics: Topics): void {
  if (version <= 14) skip(c, 4);
  skip(c, 8 + (version >= 3 ? 4 : 0) + (version >= 4 ? 1 : 0) + (version >= 7 ? 8 : 0));
  const fixed = (version >= 9 ? 4 : 0) + 8 + (version >= 12 ? 4 : 0) + (version >= 5 ? 8 : 0) + 4;
  each(c, topicLimit, () => {
    topic(c, version >= 13, topics);
    each(c, partitionLimit, () => {
      partition(c, topics);
      skip(c, fixed);
      tags(c);
    });
    tags(c);
  });
}

/** readFetched reads a fetch response behind its header. */
export function readFetched(c: Cursor, version: number, topics: Topics): void {
  if (version >= 1) skip(c, 4);
  if (version >= 7) {
    topics.error = errorCode(c);
    skip(c, 4);
  }
  each(c, topicLimit, () => {
    topic(c, version >= 13, topics);
    each(c, partitionLimit, () => {
      partition(c, topics);
      const error = int16(c);
      if (topics.error === 0) topics.error = error;
      skip(c, 8 + (version >= 4 ? 8 : 0) + (version >= 5 ? 8 : 0));
      if (version >= 4)
        each(c, partitionLimit, () => {
          skip(c, 16);
          tags(c);
        });
      if (version >= 11) skip(c, 4);
      records(c, size(c), topics);
      tags(c);
    });
    tags(c);
  });
  if (!c.ok) topics.records = -1;
}

/** readMetadata takes the names of topics that have numbers (version 10 and newer). */
export function readMetadata(c: Cursor, version: number, names: Map<string, string>): void {
  if (version < 10) return;
  skip(c, 4);
  each(c, partitionLimit, () => {
    skip(c, 4);
    text(c);
    skip(c, 4);
    text(c);
    tags(c);
  });
  text(c);
  skip(c, 4);
  each(c, partitionLimit, () => {
    int16(c);
    const name = text(c);
    const id = uuid(c);
    if (c.ok && name !== "" && names.size < partitionLimit) names.set(id, name);
    int8(c);
    each(c, partitionLimit, () => {
      skip(c, 2 + 4 + 4 + 4);
      for (let lists = 0; lists < 3; lists++) skip(c, 4 * count(c));
      tags(c);
    });
    skip(c, 4);
    tags(c);
  });
}
