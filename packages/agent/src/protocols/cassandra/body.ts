// What requests and results of CQL say.

import { readStatement, type Statement } from "../sql/statement.js";
import { i32, latin1, u16, u32, utf8 } from "../text.js";
import type { WireExchange } from "../wire.js";
import { Flag, Opcode } from "./frame.js";

/** Session is what is remembered of a connection. */
export interface Session {
  keyspace: string;
  readonly statements: Map<string, Statement>;
}

const rememberedStatements = 1024;
const batchShown = 4;
const batchLimit = 4096;
const consistencies =
  "any one two three quorum all local_quorum each_quorum serial local_serial local_one".split(" ");

/** describe writes what a statement is about. */
export function describe(exchange: WireExchange, statement: Statement | undefined, prefix: string): void {
  const { attributes } = exchange;
  if (statement === undefined) {
    attributes["go3s.wire.unknown"] = ["db.query.text"];
    return;
  }
  attributes["db.query.text"] = statement.text;
  const operation = prefix === "" ? statement.operation : prefix;
  if (operation !== "") attributes["db.operation.name"] = operation;
  if (statement.collections.length === 1) attributes["db.collection.name"] = statement.collections[0];
  const summary = `${prefix} ${statement.summary}`.trim();
  if (summary === "") return;
  attributes["db.query.summary"] = summary;
  exchange.name = summary;
}

/** skipPayload passes over a map of names to bytes. */
function skipPayload(bytes: Uint8Array, start: number, end: number): number {
  if (start + 2 > end) return end;
  let at = start + 2;
  for (let left = u16(bytes, start); left > 0 && at + 2 <= end; left--) {
    at += 2 + u16(bytes, at);
    if (at + 4 > end) return end;
    at += 4 + Math.max(0, i32(bytes, at));
  }
  return at;
}

function idAt(bytes: Uint8Array, at: number, end: number): string {
  if (at + 2 > end) return "";
  const stop = at + 2 + u16(bytes, at);
  return stop <= end ? latin1(bytes, at + 2, stop) : "";
}

function consistency(exchange: WireExchange, bytes: Uint8Array, at: number, end: number): void {
  if (at + 2 > end) return;
  const level = consistencies[u16(bytes, at)];
  if (level !== undefined) exchange.attributes["cassandra.consistency.level"] = level;
}

/** readRequest reads a request's body and gives the statement of a PREPARE. */
export function readRequest(
  session: Session,
  exchange: WireExchange,
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: number,
  opcode: number,
  version: number,
): Statement | undefined {
  if ((flags & Flag.compressed) !== 0) {
    if (opcode !== Opcode.options) exchange.attributes["go3s.wire.unknown"] = ["db.query.text"];
    return undefined;
  }
  let at = (flags & Flag.customPayload) === 0 ? start : skipPayload(bytes, start, end);
  if (opcode === Opcode.query || opcode === Opcode.prepare) {
    if (at + 4 > end) return undefined;
    const stop = at + 4 + u32(bytes, at);
    const statement = readStatement(utf8(bytes, at + 4, Math.min(stop, end)), "cql", stop > end);
    describe(exchange, statement, opcode === Opcode.prepare ? "PREPARE" : "");
    if (opcode === Opcode.prepare) return statement;
    consistency(exchange, bytes, stop, end);
  } else if (opcode === Opcode.execute) {
    describe(exchange, session.statements.get(idAt(bytes, at, end)), "");
    if (at + 2 > end) return undefined;
    at += 2 + u16(bytes, at);
    // Protocol 5 names the version of the result's columns too.
    if (version >= 5 && at + 2 <= end) at += 2 + u16(bytes, at);
    consistency(exchange, bytes, at, end);
  } else if (opcode === Opcode.batch) readBatch(session, exchange, bytes, at, end);
  return undefined;
}

function readBatch(
  session: Session,
  exchange: WireExchange,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { attributes } = exchange;
  if (start + 3 > end) return;
  const count = u16(bytes, start + 1);
  attributes["db.operation.batch.size"] = count;
  attributes["db.operation.name"] = "BATCH";
  const texts: string[] = [];
  const summaries: string[] = [];
  const collections = new Set<string>();
  let at = start + 3;
  for (let i = 0; i < Math.min(count, batchLimit); i++) {
    if (at + 5 > end) break;
    let statement: Statement | undefined;
    if (bytes[at] === 0) {
      const stop = at + 5 + u32(bytes, at + 1);
      if (stop > end) break;
      statement = readStatement(utf8(bytes, at + 5, stop), "cql");
      at = stop;
    } else {
      statement = session.statements.get(idAt(bytes, at + 1, end));
      at += 3 + u16(bytes, at + 1);
    }
    if (statement !== undefined && texts.length < batchShown) texts.push(statement.text);
    if (statement !== undefined && !summaries.includes(statement.summary) && summaries.length < batchShown)
      summaries.push(statement.summary);
    for (const collection of statement?.collections ?? []) collections.add(collection);
    if (at + 2 > end) break;
    let values = u16(bytes, at);
    for (at += 2; values > 0 && at + 4 <= end; values--) at += 4 + Math.max(0, i32(bytes, at));
    if (i === count - 1) {
      consistency(exchange, bytes, at, end);
      if (collections.size === 1) attributes["db.collection.name"] = [...collections][0];
    }
  }
  if (texts.length > 0) attributes["db.query.text"] = texts.join("; ");
  exchange.name = `BATCH ${summaries.join(" ")}`.trim();
}

/** readResponse reads a response's body. */
export function readResponse(
  session: Session,
  exchange: WireExchange,
  prepared: Statement | undefined,
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: number,
  opcode: number,
  version: number,
): void {
  if (opcode !== Opcode.error && opcode !== Opcode.result) return;
  let at = start;
  const isReadable = (flags & Flag.compressed) === 0;
  if ((flags & Flag.tracing) !== 0) at += 16;
  if ((flags & Flag.warning) !== 0 && at + 2 <= end) {
    let left = u16(bytes, at);
    for (at += 2; left > 0 && at + 2 <= end; left--) at += 2 + u16(bytes, at);
  }
  if ((flags & Flag.customPayload) !== 0) at = skipPayload(bytes, at, end);
  if (opcode === Opcode.error) {
    exchange.error = "_OTHER";
    if (!isReadable || at + 4 > end) return;
    const code = u32(bytes, at).toString(16).toUpperCase().padStart(4, "0");
    exchange.error = code;
    exchange.attributes["db.response.status_code"] = code;
    return;
  }
  if (!isReadable || at + 4 > end) return;
  const kind = i32(bytes, at);
  at += 4;
  if (kind === 2) {
    const rows = rowCount(bytes, at, end, version);
    if (rows >= 0) exchange.attributes["db.response.returned_rows"] = rows;
  } else if (kind === 3)
    session.keyspace = at + 2 <= end ? utf8(bytes, at + 2, Math.min(end, at + 2 + u16(bytes, at))) : "";
  else if (kind === 4 && prepared !== undefined) {
    const id = idAt(bytes, at, end);
    if (id === "") return;
    if (session.statements.size >= rememberedStatements) {
      const oldest = session.statements.keys().next().value;
      if (oldest !== undefined) session.statements.delete(oldest);
    }
    session.statements.set(id, prepared);
  }
}

const Metadata = { global: 1, paged: 2, none: 4, changed: 8 } as const;

/** rowCount passes over a result's metadata; -1 when the number behind it was not captured. */
function rowCount(bytes: Uint8Array, start: number, end: number, version: number): number {
  if (start + 8 > end) return -1;
  const flags = i32(bytes, start);
  const columns = i32(bytes, start + 4);
  let at = start + 8;
  const string = (): void => {
    at = at + 2 <= end ? at + 2 + u16(bytes, at) : end + 1;
  };
  if ((flags & Metadata.paged) !== 0) at = at + 4 <= end ? at + 4 + Math.max(0, i32(bytes, at)) : end + 1;
  if (version >= 5 && (flags & Metadata.changed) !== 0) string();
  if ((flags & Metadata.none) === 0) {
    if ((flags & Metadata.global) !== 0) {
      string();
      string();
    }
    for (let i = 0; i < columns && at <= end; i++) {
      if ((flags & Metadata.global) === 0) {
        string();
        string();
      }
      string();
      at = afterType(bytes, at, end, 0);
    }
  }
  return at + 4 <= end ? i32(bytes, at) : -1;
}

const deepestType = 16;

/** afterType passes over a column's type: collections, tuples and user types hold others. */
function afterType(bytes: Uint8Array, start: number, end: number, depth: number): number {
  if (start + 2 > end || depth > deepestType) return end + 1;
  const string = (at: number): number => (at + 2 <= end ? at + 2 + u16(bytes, at) : end + 1);
  let at = start + 2;
  switch (u16(bytes, start)) {
    case 0x00:
      return string(at);
    case 0x20:
    case 0x22:
      return afterType(bytes, at, end, depth + 1);
    case 0x21:
      return afterType(bytes, afterType(bytes, at, end, depth + 1), end, depth + 1);
    case 0x30:
    case 0x31: {
      const isUser = u16(bytes, start) === 0x30;
      if (isUser) at = string(string(at));
      if (at + 2 > end) return end + 1;
      let fields = u16(bytes, at);
      for (at += 2; fields > 0 && at <= end; fields--) {
        if (isUser) at = string(at);
        at = afterType(bytes, at, end, depth + 1);
      }
      return at;
    }
    default:
      return at;
  }
}
