import { type FrameFormat, newLane } from "../frames.js";
import { i32, printable, u16, u32 } from "../text.js";
import { newExchange, type Parser, type ParserOptions, type Protocol, type WireExchange } from "../wire.js";
import { apis, errorNames } from "./apis.js";
import { type Cursor, newCursor, skip, tags, text } from "./cursor.js";
import { isProduce } from "./produce-request.js";
import {
  errorCode,
  noTopics,
  readFetch,
  readFetched,
  readMetadata,
  readProduce,
  readProduced,
  type Topics,
} from "./records.js";

const Key = { produce: 0, fetch: 1, metadata: 3, apiVersions: 18 } as const;
// Of a message so much is held while it comes in pieces; records behind are passed over.
const keep = 4096;
// Of a produce request, of what was fetched and of the names of topics, which are long lists: what the probes capture of one read or write.
const keepRecords = 32_768;
// socket.request.max.bytes is 100 MiB by default; answers are bounded by fetch.max.bytes.
const longestMessage = 1 << 27;
const requestHeader = 14;
const openLimit = 1024;
const staleNs = 120_000_000_000;
// Where the error of a whole answer stands behind the header, by request: the bytes before it, and since which version
// a throttle time of four bytes is among them. Answers with an error for each of many items are left out.
const errorAt: ReadonlyMap<number, number> = new Map([
  [10, 1],
  [11, 2],
  [12, 1],
  [13, 1],
  [14, 1],
  [17, 99],
  [18, 99],
  [22, 0],
  [25, 0],
  [26, 0],
  [36, 99],
]);
// Requests whose body begins with a consumer group's name.
const grouped = new Set([8, 9, 11, 12, 13, 14]);

/** kafka reads what clients and brokers say, whatever the versions; of produce and fetch also topics and records. */
export const kafka: Protocol = {
  name: "kafka",
  asks(bytes, start, end, total, datagram) {
    if (datagram || end - start < requestHeader || !isRequest(bytes, start, end)) return 0;
    if (u16(bytes, start + 4) === Key.produce && !isProduce(bytes, start, end)) return 0;
    const length = 4 + u32(bytes, start);
    // A request as long as clients make them at most (max.request.size) begins with more than a little, FastCGI's first records are other numbers here.
    if (length > total && total < 8192) return length > 1 << 20 ? 0 : 30;
    return length === total ? 85 : 60;
  },
  answers: () => 0,
  open: openKafka,
};

function isRequest(bytes: Uint8Array, start: number, end: number): boolean {
  const length = u32(bytes, start);
  const api = apis[u16(bytes, start + 4)];
  if (api === undefined || length < 10 || length > longestMessage) return false;
  // A client may be newer than this table.
  if (u16(bytes, start + 6) > api.newest + 3 || i32(bytes, start + 8) < 0) return false;
  const client = u16(bytes, start + 12);
  if (client === 0xffff) return true;
  return (
    client <= 255 && client + 10 <= length && printable(bytes, start + 14, Math.min(end, start + 14 + client))
  );
}

interface Asked {
  readonly exchange: WireExchange;
  readonly api: number;
  readonly version: number;
  readonly topics: Topics;
}

function openKafka(options: ParserOptions): Parser {
  const open = new Map<number, Asked>();
  const names = options.shared?.kafkaTopics ?? new Map<string, string>();
  const c = newCursor();
  let group = "";
  let ending: Asked | undefined;
  let oneWay: WireExchange | undefined;

  const finish = (id: number, asked: Asked, ns: number): void => {
    open.delete(id);
    asked.exchange.endNs = ns;
    options.emit(asked.exchange);
  };

  /** makeRoom ends requests whose answers were missed. */
  const makeRoom = (ns: number): void => {
    for (const [id, asked] of open) {
      const isStale = ns - asked.exchange.startNs > staleNs;
      if (open.size < openLimit && !isStale) return;
      asked.exchange.doubt = "cut";
      finish(id, asked, asked.exchange.startNs);
    }
  };

  const set = (bytes: Uint8Array, at: number, end: number, flexible: boolean): Cursor => {
    c.bytes = bytes;
    c.at = at;
    c.end = end;
    c.ok = at <= end;
    c.flexible = flexible;
    return c;
  };

  const requestFormat: FrameFormat = {
    keep: keepRecords,
    wanted: (bytes, start) => (u16(bytes, start + 4) === Key.produce ? keepRecords : keep),
    lengthOf(bytes, start, end) {
      if (end - start < requestHeader) return 0;
      return isRequest(bytes, start, end) ? 4 + u32(bytes, start) : -1;
    },
    frame(bytes, start, end, total, firstNs) {
      makeRoom(firstNs);
      const number = u16(bytes, start + 4);
      const version = u16(bytes, start + 6);
      const api = apis[number];
      const exchange = newExchange("kafka", firstNs);
      exchange.requestBytes = total;
      exchange.name = api.name;
      exchange.attributes["messaging.system"] = "kafka";
      exchange.attributes["messaging.operation.name"] = api.name;
      // The client's name is never compact, tagged fields follow it (request header version 2).
      set(bytes, start + 12, end, false);
      const client = text(c);
      if (client !== "") exchange.attributes["messaging.client.id"] = client;
      c.flexible = version >= api.flexible;
      tags(c);
      const topics = noTopics();
      if (number === Key.produce) {
        const acks = readProduce(c, version, topics);
        describe(exchange, "send", topics, names);
        options.asked?.(exchange);
        if (acks === 0) {
          oneWay = exchange;
          return;
        }
        // Perhaps nobody will answer.
        if (Number.isNaN(acks)) exchange.doubt = "cut";
      } else if (number === Key.fetch) {
        readFetch(c, version, topics);
        describe(exchange, "poll", topics, names);
      } else if (grouped.has(number) && (number !== 9 || version < 8)) {
        group = text(c);
      }
      if (group !== "" && (grouped.has(number) || number === Key.fetch))
        exchange.attributes["messaging.consumer.group.name"] = group;
      open.set(i32(bytes, start + 8), { exchange, api: number, version, topics });
    },
    ended(ns) {
      if (oneWay === undefined) return;
      oneWay.endNs = ns;
      options.emit(oneWay);
      oneWay = undefined;
    },
    lost() {
      oneWay = undefined;
    },
  };

  const responseFormat: FrameFormat = {
    keep: keepRecords,
    wanted(bytes, start) {
      const api = open.get(i32(bytes, start + 4))?.api;
      return api === Key.fetch || api === Key.metadata ? keepRecords : keep;
    },
    // Without the request that it answers, four bytes of length and four of number could be anything.
    lengthOf(bytes, start, end) {
      if (end - start < 8) return 0;
      const length = u32(bytes, start);
      return length < 4 || length > longestMessage ? -1 : 4 + length;
    },
    boundary: (bytes, start, end, total) =>
      end - start >= 8 &&
      u32(bytes, start) + 4 <= Math.max(total, longestMessage) &&
      open.has(i32(bytes, start + 4)),
    frame(bytes, start, end, total, firstNs) {
      const asked = open.get(i32(bytes, start + 4));
      if (asked === undefined) return;
      open.delete(i32(bytes, start + 4));
      const { exchange, api: number, version, topics } = asked;
      exchange.doubt = "";
      exchange.firstByteNs = firstNs;
      exchange.responseBytes = total;
      set(bytes, start + 8, end, version >= apis[number].flexible);
      // The answer to ApiVersions has an old header, so that any client can read it.
      if (number !== Key.apiVersions) tags(c);
      let error = 0;
      if (number === Key.produce) {
        readProduced(c, version, topics);
        error = topics.error;
        describe(exchange, "send", topics, names);
      } else if (number === Key.fetch) {
        const told = noTopics();
        readFetched(c, version, told, topics);
        error = told.error;
        // What was fetched, or what was asked for when there was nothing.
        const merged = told.names.length + told.ids.length > 0 ? told : { ...topics, records: told.records };
        describe(exchange, "poll", merged, names);
      } else if (number === Key.metadata) readMetadata(c, version, names);
      else {
        const since = errorAt.get(number);
        if (since !== undefined) {
          if (version >= since) skip(c, 4);
          error = errorCode(c);
        }
      }
      if (Number.isNaN(error)) exchange.attributes["go3s.wire.unknown"] = ["error.type"];
      else if (error !== 0) {
        exchange.error = errorNames[error] ?? (error === -1 ? "UNKNOWN_SERVER_ERROR" : String(error));
        exchange.attributes["go3s.kafka.error_code"] = error;
      }
      ending = asked;
    },
    ended(ns) {
      const asked = ending;
      if (asked === undefined) return;
      ending = undefined;
      asked.exchange.endNs = ns;
      options.emit(asked.exchange);
    },
    lost() {
      if (ending !== undefined) {
        ending.exchange.doubt = "cut";
        options.emit(ending.exchange);
      }
      ending = undefined;
      for (const asked of open.values()) asked.exchange.doubt = "cut";
    },
  };

  const requests = newLane(requestFormat, options.late);
  const responses = newLane(responseFormat, options.late);
  return {
    request: requests.push,
    response: responses.push,
    close(ns) {
      for (const [id, asked] of [...open]) {
        if (asked.exchange.doubt === "") asked.exchange.error = "connection_closed";
        finish(id, asked, ns);
      }
    },
    state: () => (requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}

/** answered are the attributes that an answer tells anew: a session's fetch names only what has changed since the one before. */
const answered = [
  "messaging.destination.name",
  "messaging.destination.partition.id",
  "messaging.batch.message_count",
  "go3s.wire.unknown",
] as const;

/** describe writes destination and counts; a topic that only has a number here is unknown by name. */
function describe(
  exchange: WireExchange,
  operation: "send" | "poll",
  topics: Topics,
  known: ReadonlyMap<string, string>,
): void {
  const { attributes } = exchange;
  for (const name of answered) delete attributes[name];
  attributes["messaging.operation.name"] = operation;
  attributes["messaging.operation.type"] = operation === "send" ? "send" : "receive";
  const names = [...topics.names];
  let unknown = topics.cut;
  for (const id of topics.ids) {
    const name = known.get(id);
    if (name === undefined) unknown = true;
    else names.push(name);
  }
  if (unknown) attributes["go3s.wire.unknown"] = ["messaging.destination.name"];
  exchange.name = operation;
  if (names.length === 1 && !unknown) {
    attributes["messaging.destination.name"] = names[0];
    exchange.name = `${operation} ${names[0]}`;
  }
  if (topics.partition >= 0) attributes["messaging.destination.partition.id"] = String(topics.partition);
  if (topics.records > 0) attributes["messaging.batch.message_count"] = topics.records;
  const { runs } = topics;
  if (runs.length === 0) return;
  exchange.messages = runs.map(({ topic, partition, print, first, count, contexts }) => ({
    topic: topics.ids.length === 0 ? topic : (known.get(topic) ?? ""),
    partition,
    print,
    first,
    count,
    contexts,
  }));
  if (topics.records !== 1 || topics.partition < 0 || names.length + topics.ids.length === 0) return;
  const only = runs.find(({ records }) => records === 1);
  if (only === undefined) return;
  const { first, count, key } = only;
  if (key !== "") attributes["messaging.kafka.message.key"] = key;
  if (first >= 0 && count === 1) attributes["messaging.kafka.offset"] = first;
}
