// What a MySQL client asks for.

import { readStatement, type Statement } from "../sql/statement.js";
import { u32le, utf8, zeroAt } from "../text.js";
import { newExchange, type WireExchange } from "../wire.js";
import { Capability, Command, commandNames, type Integer, packetHeader, readInteger } from "./packet.js";

/** Asked is a command whose answer is awaited. */
export interface Asked {
  readonly exchange: WireExchange;
  readonly command: number;
  /** statement is what a PREPARE is about, to be remembered under the number that the server gives it. */
  readonly statement: Statement | undefined;
  /** database is what a USE changes to. */
  readonly database: string;
}

/** Session is what is known of a connection. */
export interface Session {
  system: "mysql" | "mariadb";
  database: string;
  capabilities: number;
  readonly statements: Map<number, Statement>;
}

const rememberedStatements = 1024;
const integer: Integer = { value: 0, size: 0 };

/** readLogin takes the client's answer to the greeting: capabilities and database. */
export function readLogin(session: Session, bytes: Uint8Array, start: number, end: number): void {
  let at = start + packetHeader;
  if (end - at < 32) return;
  session.capabilities = u32le(bytes, at);
  at += 32;
  const userEnd = zeroAt(bytes, at, end);
  if (userEnd < 0) return;
  at = userEnd + 1;
  if ((session.capabilities & Capability.pluginAuthLenenc) !== 0) {
    readInteger(bytes, at, end, integer);
    if (integer.size === 0) return;
    at += integer.size + integer.value;
  } else if ((session.capabilities & Capability.secureConnection) !== 0) at += 1 + (bytes[at] ?? 0);
  else at = zeroAt(bytes, at, end) + 1;
  if ((session.capabilities & Capability.connectWithDb) === 0 || at <= start || at >= end) return;
  const stop = zeroAt(bytes, at, end);
  if (stop > at) session.database = utf8(bytes, at, stop);
}

/** started makes an exchange of this connection. */
export function started(session: Session, ns: number): WireExchange {
  const exchange = newExchange("mysql", ns);
  exchange.attributes["db.system.name"] = session.system;
  if (session.database !== "") exchange.attributes["db.namespace"] = session.database;
  return exchange;
}

function describe(exchange: WireExchange, statement: Statement | undefined, prefix: string): void {
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

/** textStart gives where a query's text begins: behind its attributes, when it can have some; -1 when there are any. */
function textStart(session: Session, bytes: Uint8Array, at: number, end: number): number {
  // MariaDB has no query attributes, whatever the client would like.
  if ((session.capabilities & Capability.queryAttributes) === 0 || session.system === "mariadb") return at;
  if (at + 2 > end) return -1;
  return bytes[at] === 0 && bytes[at + 1] === 1 ? at + 2 : -1;
}

/** readCommand takes a command's packet; undefined when the server does not answer it. */
export function readCommand(
  session: Session,
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
  ns: number,
): Asked | undefined {
  const at = start + packetHeader;
  if (at >= end) return undefined;
  const command = bytes[at];
  if (command === Command.quit || command === Command.longData) return undefined;
  if (command === Command.closeStatement) {
    if (at + 5 <= end) session.statements.delete(u32le(bytes, at + 1));
    return undefined;
  }
  const exchange = started(session, ns);
  exchange.requestBytes = total;
  let statement: Statement | undefined;
  let database = "";
  const cut = end - start < total;
  if (command === Command.query || command === Command.prepare) {
    const from = command === Command.query ? textStart(session, bytes, at + 1, end) : at + 1;
    if (from >= 0) {
      const text = utf8(bytes, from, end);
      statement = readStatement(text, "mysql", cut);
      if (!cut) database = /^\s*use\s+`?([^\s`;]+)/i.exec(text)?.[1] ?? "";
    }
    describe(exchange, statement, command === Command.query ? "" : "PREPARE");
  } else if (command === Command.execute || command === Command.bulkExecute || command === Command.fetch) {
    if (at + 5 <= end) statement = session.statements.get(u32le(bytes, at + 1));
    describe(exchange, statement, "");
  } else {
    const name = commandNames[command] ?? "OTHER";
    exchange.name = name;
    exchange.attributes["db.operation.name"] = name;
    if (command === Command.initDb && !cut) database = utf8(bytes, at + 1, end);
  }
  return { exchange, command, statement, database };
}

/** remember keeps a prepared statement under its number. */
export function remember(session: Session, id: number, statement: Statement): void {
  const { statements } = session;
  if (statements.size >= rememberedStatements) {
    const oldest = statements.keys().next().value;
    if (oldest !== undefined) statements.delete(oldest);
  }
  statements.set(id, statement);
}
