import { type FrameFormat, newLane } from "../frames.js";
import { i32le, latin1, u32le, zeroAt } from "../text.js";
import { newExchange, type Parser, type ParserOptions, type Protocol, type WireExchange } from "../wire.js";
import { numberAt, stringAt, Type, walk } from "./bson.js";

// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const Op = { reply: 1, query: 2004, compressed: 2012, message: 2013 } as const;
const header = 16;
// maxMessageSizeBytes is 48,000,000 by default.
const longestMessage = 1 << 27;
const keep = 4096;
const moreToCome = 2;
const openLimit = 1024;
const staleNs = 120_000_000_000;
const batches = new Set(["documents", "updates", "deletes"]);
const commandName = /^[A-Za-z_]\w{0,40}$/;
const requestOps: ReadonlySet<number> = new Set([Op.query, Op.compressed, Op.message]);
const responseOps: ReadonlySet<number> = new Set([Op.reply, Op.compressed, Op.message]);

/** mongodb reads MongoDB's wire protocol; compressed messages are paired and timed, their command is unknown. */
export const mongodb: Protocol = {
  name: "mongodb",
  asks(bytes, start, end, total, datagram) {
    if (datagram || end - start < header) return 0;
    const length = lengthOf(bytes, start, end, false);
    if (length < 0) return 0;
    return length <= total ? 95 : 70;
  },
  answers(bytes, start, end, total, datagram) {
    if (datagram || end - start < header) return 0;
    const length = lengthOf(bytes, start, end, true);
    if (length < 0) return 0;
    return length <= total ? 80 : 60;
  },
  open: openMongodb,
};

function lengthOf(bytes: Uint8Array, start: number, end: number, isResponse: boolean): number {
  if (end - start < header) return 0;
  const length = i32le(bytes, start);
  const op = i32le(bytes, start + 12);
  const answersTo = i32le(bytes, start + 8);
  if (length < header + 5 || length > longestMessage || !(isResponse ? responseOps : requestOps).has(op))
    return -1;
  return isResponse || answersTo === 0 ? length : -1;
}

function openMongodb(options: ParserOptions): Parser {
  const open = new Map<number, WireExchange>();
  let ending: WireExchange | undefined;
  let oneWay: WireExchange | undefined;

  const makeRoom = (ns: number): void => {
    for (const [id, exchange] of open) {
      if (open.size < openLimit && ns - exchange.startNs < staleNs) return;
      open.delete(id);
      exchange.doubt = "cut";
      options.emit(exchange);
    }
  };

  const requestFormat: FrameFormat = {
    keep,
    lengthOf: (bytes, start, end) => lengthOf(bytes, start, end, false),
    frame(bytes, start, end, total, firstNs) {
      makeRoom(firstNs);
      const exchange = newExchange("mongodb", firstNs);
      exchange.requestBytes = total;
      exchange.attributes["db.system.name"] = "mongodb";
      const op = i32le(bytes, start + 12);
      const flags = op === Op.message && end - start >= header + 4 ? u32le(bytes, start + header) : 0;
      if (op === Op.message) readCommand(exchange, bytes, start + header + 4, end, start + total);
      else if (op === Op.query) readQuery(exchange, bytes, start + header, end);
      if (exchange.attributes["db.operation.name"] === undefined)
        exchange.attributes["go3s.wire.unknown"] = ["db.operation.name"];
      if ((flags & moreToCome) !== 0) oneWay = exchange;
      else {
        open.set(i32le(bytes, start + 4), exchange);
        // Whether an answer was wanted was not captured.
        if (op === Op.message && end - start < header + 4) exchange.doubt = "cut";
      }
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
    keep,
    lengthOf: (bytes, start, end) => lengthOf(bytes, start, end, true),
    frame(bytes, start, end, total, firstNs) {
      const id = i32le(bytes, start + 8);
      const exchange = open.get(id);
      if (exchange === undefined) return;
      open.delete(id);
      exchange.doubt = "";
      exchange.firstByteNs = firstNs;
      exchange.responseBytes = total;
      const op = i32le(bytes, start + 12);
      if (op === Op.message && end - start > header + 5)
        readOutcome(exchange, bytes, start + header + 5, end);
      else if (op === Op.reply) readOutcome(exchange, bytes, start + header + 20, end);
      ending = exchange;
    },
    ended(ns) {
      const exchange = ending;
      if (exchange === undefined) return;
      ending = undefined;
      exchange.endNs = ns;
      options.emit(exchange);
    },
    lost() {
      if (ending !== undefined) {
        ending.doubt = "cut";
        options.emit(ending);
      }
      ending = undefined;
      for (const exchange of open.values()) exchange.doubt = "cut";
    },
  };

  const requests = newLane(requestFormat, options.late);
  const responses = newLane(responseFormat, options.late);
  return {
    request: requests.push,
    response: responses.push,
    close(ns) {
      for (const exchange of open.values()) {
        exchange.endNs = ns;
        if (exchange.doubt === "") exchange.error = "connection_closed";
        options.emit(exchange);
      }
      open.clear();
    },
    state: () => (requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}

/** readCommand reads the sections of an OP_MSG: a command, and lists of documents. */
function readCommand(
  exchange: WireExchange,
  bytes: Uint8Array,
  start: number,
  end: number,
  stop: number,
): void {
  let at = start;
  for (let sections = 0; at + 5 <= end && sections < 16; sections++) {
    const kind = bytes[at++];
    const size = i32le(bytes, at);
    if (size < 5) return;
    if (kind === 0) readDocument(exchange, bytes, at, end);
    else if (kind === 1) {
      const count = countDocuments(bytes, at, Math.min(at + size, end), at + size);
      if (count > 1) exchange.attributes["db.operation.batch.size"] = count;
    } else return;
    at += size;
    if (at >= stop) return;
  }
}

/** countDocuments counts those of a list section; 0 when not all were captured. */
function countDocuments(bytes: Uint8Array, start: number, end: number, stop: number): number {
  const nameEnd = zeroAt(bytes, start + 4, end);
  if (nameEnd < 0 || stop > end) return 0;
  let count = 0;
  for (let at = nameEnd + 1; at + 4 <= stop; count++) {
    const size = i32le(bytes, at);
    if (size < 5) return 0;
    at += size;
  }
  return count;
}

function readDocument(exchange: WireExchange, bytes: Uint8Array, start: number, end: number): void {
  const { attributes } = exchange;
  let index = 0;
  let command = "";
  let collection = "";
  walk(bytes, start, end, (type, name, value, valueEnd) => {
    if (index++ === 0) {
      command = commandName.test(name) ? name : "";
      if (type === Type.string) collection = stringAt(bytes, value, valueEnd);
    } else if (name === "collection" && type === Type.string && command === "getMore") {
      collection = stringAt(bytes, value, valueEnd);
    } else if (name === "$db" && type === Type.string)
      attributes["db.namespace"] = stringAt(bytes, value, valueEnd);
    else if (type === Type.array && batches.has(name)) {
      let count = 0;
      const isWhole = walk(bytes, value, valueEnd, () => count++);
      if (isWhole && count > 1) attributes["db.operation.batch.size"] = count;
    }
  });
  if (command === "") return;
  attributes["db.operation.name"] = command;
  exchange.name = command;
  if (collection === "") return;
  attributes["db.collection.name"] = collection;
  exchange.name = `${command} ${collection}`;
}

/** readQuery reads OP_QUERY, which is left to drivers' first hello. */
function readQuery(exchange: WireExchange, bytes: Uint8Array, start: number, end: number): void {
  const nameEnd = zeroAt(bytes, start + 4, end);
  if (nameEnd < 0) return;
  const name = latin1(bytes, start + 4, nameEnd);
  const dot = name.indexOf(".");
  if (name.endsWith(".$cmd")) readDocument(exchange, bytes, nameEnd + 9, end);
  else if (dot > 0) {
    exchange.attributes["db.operation.name"] = "query";
    exchange.attributes["db.collection.name"] = name.slice(dot + 1);
    exchange.name = `query ${name.slice(dot + 1)}`;
  }
  if (dot > 0) exchange.attributes["db.namespace"] = name.slice(0, dot);
}

/** readOutcome reads ok, code, and the first error of a batch of writes. */
function readOutcome(exchange: WireExchange, bytes: Uint8Array, start: number, end: number): void {
  let ok = 1;
  let code = 0;
  let hasCursor = false;
  const isWhole = walk(bytes, start, end, (type, name, value, valueEnd) => {
    if (name === "cursor") hasCursor = true;
    else if (name === "ok") ok = numberAt(bytes, type, value);
    else if (name === "code") code = numberAt(bytes, type, value);
    else if (name === "writeErrors" && type === Type.array && code === 0)
      walk(bytes, value, valueEnd, (inner, _index, first, firstEnd) => {
        if (inner !== Type.document || code !== 0) return;
        walk(bytes, first, firstEnd, (kind, field, at) => {
          if (field === "code") code = numberAt(bytes, kind, at);
        });
      });
  });
  if (code !== 0 && !Number.isNaN(code)) {
    exchange.attributes["db.response.status_code"] = String(code);
    exchange.error = String(code);
  } else if (ok === 0) exchange.error = "_OTHER";
  // A cursor is only given when all went well; of other answers the end may be an error.
  else if (!isWhole && !hasCursor) exchange.attributes["go3s.wire.unknown"] = ["db.response.status_code"];
}
