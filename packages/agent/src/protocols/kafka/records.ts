// What produce and fetch messages say of topics, partitions, records and errors.

import type { MessageContext } from "../wire.js";
import { type BatchReader, readBatches } from "./batches.js";
import { type Cursor, count, int8, int16, int32, int64, size, skip, tags, text, uuid } from "./cursor.js";

/** Run is a batch of messages of a partition; see Messages. */
export interface Run {
  /** topic is its name, or its number where that is what the message has. */
  readonly topic: string;
  readonly partition: number;
  readonly print: string;
  first: number;
  readonly count: number;
  readonly records: number;
  readonly contexts: readonly MessageContext[];
  readonly key: string;
}

/** Topics is what one message says. */
export interface Topics {
  readonly names: string[];
  /** ids are those of topics that are named by number (produce 13, fetch 13). */
  readonly ids: string[];
  /** cut says that there are topics besides, which were not captured. */
  cut: boolean;
  /** partition is the only one, -1 when there is none or several. */
  partition: number;
  /** records counts them; -1 when not all were captured. */
  records: number;
  /** error is the first that is not 0; NaN when some were not captured before it. */
  error: number;
  readonly runs: Run[];
  /** from has the offsets that a fetch asks for, by partition and topic. */
  readonly from: Map<string, number>;
}

/** noTopics makes an empty value. */
export function noTopics(): Topics {
  return {
    names: [],
    ids: [],
    cut: false,
    partition: -1,
    records: 0,
    error: 0,
    runs: [],
    from: new Map(),
  };
}

// Of each list so many items are looked at.
const topicLimit = 64;
const partitionLimit = 1024;
const runLimit = 512;
const nameLimit = 4096;
// What a topic has that is not there, or is of a broker that gives no numbers.
const noId = "0".repeat(32);
// As many links as OpenTelemetry lets a span have by default.
const contextLimit = 128;

/** errorCode reads an error's number, NaN when it was not captured. */
export function errorCode(c: Cursor): number {
  const code = int16(c);
  return c.ok ? code : Number.NaN;
}

function topic(c: Cursor, byId: boolean, topics: Topics): string {
  const name = byId ? uuid(c) : text(c);
  if (!c.ok) return "";
  const list = byId ? topics.ids : topics.names;
  if (!list.includes(name)) list.push(name);
  return name;
}

const placeOf = (name: string, index: number): string => `${index} ${name}`;

/** Records adds the batches of one partition after the other to what a message says. */
type Records = (c: Cursor, topic: string, partition: number, from: number) => void;

function newRecords(topics: Topics): Records {
  let name = "";
  let index = 0;
  const reader: BatchReader = {
    from: -1,
    contexts: contextLimit,
    take({ first, offsets, records, contexts, key, print }) {
      if (topics.records >= 0) topics.records += records;
      if (topics.runs.length >= runLimit) return;
      const place = { topic: name, partition: index };
      topics.runs.push({ ...place, print, first, count: offsets, records, contexts, key });
    },
  };
  return (c, topicName, partitionIndex, from) => {
    name = topicName;
    index = partitionIndex;
    reader.from = from;
    const isWhole = readBatches(c, size(c), reader);
    if (!isWhole) topics.records = -1;
  };
}

/** each runs `read` for every item of a list. */
function each(c: Cursor, limit: number, read: () => void): void {
  for (let left = Math.min(count(c), limit); left > 0 && c.ok; left--) read();
}

/** eachPartition runs `read` behind the number of every partition of every topic. */
function eachPartition(
  c: Cursor,
  byId: boolean,
  topics: Topics,
  read: (topic: string, partition: number) => void,
): void {
  const listed = count(c);
  let isOnly = listed === 1;
  let named = 0;
  for (let left = Math.min(listed, topicLimit); left > 0 && c.ok; left--) {
    const name = topic(c, byId, topics);
    if (c.ok) named++;
    const partitions = count(c);
    isOnly &&= partitions === 1;
    for (let more = Math.min(partitions, partitionLimit); more > 0 && c.ok; more--) {
      const index = int32(c);
      if (!c.ok) break;
      if (isOnly) topics.partition = index;
      read(name, index);
      tags(c);
    }
    tags(c);
  }
  topics.cut = named < listed;
}

/** readProduce reads a request behind its header and gives the acknowledgements it asks for, NaN when that was not captured. */
export function readProduce(c: Cursor, version: number, topics: Topics): number {
  if (version >= 3) text(c);
  const acks = int16(c);
  const known = c.ok;
  skip(c, 4);
  const records = newRecords(topics);
  eachPartition(c, version >= 13, topics, (name, index) => records(c, name, index, -1));
  if (!c.ok) topics.records = -1;
  // Where a client counts from is its own affair: the broker says where they came to stand.
  for (const run of topics.runs) run.first = -1;
  return known ? acks : Number.NaN;
}

/** readProduced reads a produce response: errors, and the offsets of what was sent. */
export function readProduced(c: Cursor, version: number, topics: Topics): void {
  const { runs } = topics;
  let next = 0;
  /** placed gives the batches of a partition, which are one by the newer protocol, their offsets. */
  const placed = (name: string, index: number, base: number): void => {
    const begin = next;
    let offset = base;
    for (let i = 0; i < runs.length; i++) {
      const at = (begin + i) % runs.length;
      const run = runs[at];
      if (run.partition !== index || run.topic !== name) {
        if (offset !== base) return;
        continue;
      }
      run.first = offset;
      offset += run.count;
      // Answers come in the order of what was asked, mostly.
      next = at + 1;
    }
  };
  topics.error = 0;
  each(c, topicLimit, () => {
    const name = version >= 13 ? uuid(c) : text(c);
    each(c, partitionLimit, () => {
      const index = int32(c);
      const error = errorCode(c);
      const base = int64(c);
      if (topics.error === 0) topics.error = error;
      if (c.ok && error === 0 && base >= 0) placed(name, index, base);
      skip(c, (version >= 2 ? 8 : 0) + (version >= 5 ? 8 : 0));
      if (version >= 8) {
        each(c, partitionLimit, () => {
          skip(c, 4);
          text(c);
          tags(c);
        });
        text(c);
      }
      tags(c);
    });
    tags(c);
  });
  if (!c.ok && topics.error === 0) topics.error = Number.NaN;
}

/** readFetch reads a fetch request behind its header. */
export function readFetch(c: Cursor, version: number, topics: Topics): void {
  if (version <= 14) skip(c, 4);
  skip(c, 8 + (version >= 3 ? 4 : 0) + (version >= 4 ? 1 : 0) + (version >= 7 ? 8 : 0));
  const rest = (version >= 12 ? 4 : 0) + (version >= 5 ? 8 : 0) + 4;
  eachPartition(c, version >= 13, topics, (name, index) => {
    if (version >= 9) skip(c, 4);
    const from = int64(c);
    if (c.ok) topics.from.set(placeOf(name, index), from);
    skip(c, rest);
  });
}

/** readFetched reads a fetch response behind its header; `asked` is what its request said. */
export function readFetched(c: Cursor, version: number, topics: Topics, asked: Topics): void {
  if (version >= 1) skip(c, 4);
  if (version >= 7) {
    topics.error = errorCode(c);
    skip(c, 4);
  }
  const records = newRecords(topics);
  eachPartition(c, version >= 13, topics, (name, index) => {
    const error = int16(c);
    if (topics.error === 0) topics.error = error;
    skip(c, 8 + (version >= 4 ? 8 : 0) + (version >= 5 ? 8 : 0));
    if (version >= 4)
      each(c, partitionLimit, () => {
        skip(c, 16);
        tags(c);
      });
    if (version >= 11) skip(c, 4);
    records(c, name, index, asked.from.get(placeOf(name, index)) ?? -1);
  });
  if (!c.ok) topics.records = -1;
}

/** learn keeps the names that were told last. */
function learn(names: Map<string, string>, id: string, name: string): void {
  names.delete(id);
  names.set(id, name);
  if (names.size <= nameLimit) return;
  for (const oldest of names.keys()) {
    names.delete(oldest);
    return;
  }
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
    if (c.ok && name !== "" && id !== noId) learn(names, id, name);
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
