// What a PostgreSQL client asks for: statements by name, and the exchanges it waits for.

import { readStatement, type Statement } from "../sql/statement.js";
import { u32, utf8, zeroAt } from "../text.js";
import { newExchange, type WireExchange } from "../wire.js";

/** Item is something the server answers in its turn; a sync has no exchange. */
export interface Item {
  readonly step: "startup" | "query" | "execute" | "prepare" | "sync";
  readonly exchange: WireExchange | undefined;
}

/** Session is what is remembered of a client. */
export interface Session {
  database: string;
  readonly statements: Map<string, Statement>;
  readonly portals: Map<string, Statement | undefined>;
  /** batch collects what was sent for the next Execute: its first byte's time and its bytes. */
  batchNs: number;
  batchBytes: number;
  /** prepared is the statement that was parsed and not executed yet in this batch. */
  prepared: Statement | undefined;
}

const rememberedStatements = 1024;
const rememberedPortals = 128;

/** newSession remembers nothing yet. */
export function newSession(): Session {
  return {
    database: "",
    statements: new Map(),
    portals: new Map(),
    batchNs: 0,
    batchBytes: 0,
    prepared: undefined,
  };
}

/** startup takes a startup message and gives the exchange that only counts when it fails. */
export function readStartup(
  session: Session,
  bytes: Uint8Array,
  start: number,
  end: number,
  ns: number,
): Item {
  let at = start + 8;
  while (at < end) {
    const keyEnd = zeroAt(bytes, at, end);
    const valueEnd = keyEnd < 0 ? -1 : zeroAt(bytes, keyEnd + 1, end);
    if (valueEnd < 0 || keyEnd === at) break;
    const key = utf8(bytes, at, keyEnd);
    if (key === "database" || (key === "user" && session.database === ""))
      session.database = utf8(bytes, keyEnd + 1, valueEnd);
    at = valueEnd + 1;
  }
  const exchange = started(session, ns);
  exchange.name = "CONNECT";
  exchange.attributes["db.operation.name"] = "CONNECT";
  exchange.requestBytes = u32(bytes, start);
  return { step: "startup", exchange };
}

function started(session: Session, ns: number): WireExchange {
  const exchange = newExchange("postgresql", ns);
  exchange.attributes["db.system.name"] = "postgresql";
  if (session.database !== "") exchange.attributes["db.namespace"] = session.database;
  return exchange;
}

/** describe writes what a statement is about into an exchange; the text is unknown when its Parse was never seen. */
export function describe(exchange: WireExchange, statement: Statement | undefined, prefix: string): void {
  const { attributes } = exchange;
  if (statement === undefined) {
    attributes["go3s.wire.unknown"] = ["db.query.text"];
    return;
  }
  attributes["db.query.text"] = statement.text;
  if (statement.operation !== "")
    attributes["db.operation.name"] = prefix === "" ? statement.operation : prefix;
  if (statement.collections.length === 1) attributes["db.collection.name"] = statement.collections[0];
  if (statement.summary === "") return;
  const summary = prefix === "" ? statement.summary : `${prefix} ${statement.summary}`;
  attributes["db.query.summary"] = summary;
  exchange.name = summary;
}

/**
 * readRequest takes a message of the client and gives what the server owes for it. `total` is its length, of which
 * bytes[start, end) are there.
 */
export function readRequest(
  session: Session,
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
  ns: number,
): Item | undefined {
  const type = String.fromCharCode(bytes[start]);
  if (type === "Q" || type === "F") {
    const exchange = started(session, ns);
    exchange.requestBytes = total;
    if (type === "Q") {
      const textEnd = zeroAt(bytes, start + 5, end);
      describe(exchange, queryText(bytes, start + 5, textEnd, end), "");
      // A simple query ends the unnamed statement and portal.
      session.statements.delete("");
      session.portals.clear();
    } else exchange.name = "CALL";
    return { step: "query", exchange };
  }
  if (session.batchBytes === 0) session.batchNs = ns;
  session.batchBytes += total;
  switch (type) {
    case "P": {
      const nameEnd = zeroAt(bytes, start + 5, end);
      if (nameEnd < 0) return undefined;
      const textEnd = zeroAt(bytes, nameEnd + 1, end);
      const statement = queryText(bytes, nameEnd + 1, textEnd, end);
      remember(session.statements, utf8(bytes, start + 5, nameEnd), statement, rememberedStatements);
      session.prepared = statement;
      return undefined;
    }
    case "B": {
      const portalEnd = zeroAt(bytes, start + 5, end);
      const nameEnd = portalEnd < 0 ? -1 : zeroAt(bytes, portalEnd + 1, end);
      if (nameEnd < 0) return undefined;
      const statement = session.statements.get(utf8(bytes, portalEnd + 1, nameEnd));
      remember(session.portals, utf8(bytes, start + 5, portalEnd), statement, rememberedPortals);
      return undefined;
    }
    case "C": {
      const nameEnd = zeroAt(bytes, start + 6, end);
      if (nameEnd < 0) return undefined;
      (bytes[start + 5] === 0x53 ? session.statements : session.portals).delete(
        utf8(bytes, start + 6, nameEnd),
      );
      return undefined;
    }
    case "E": {
      const portalEnd = zeroAt(bytes, start + 5, end);
      const exchange = started(session, session.batchNs);
      describe(exchange, session.portals.get(utf8(bytes, start + 5, portalEnd < 0 ? end : portalEnd)), "");
      exchange.requestBytes = session.batchBytes;
      session.batchBytes = 0;
      session.prepared = undefined;
      return { step: "execute", exchange };
    }
    case "S": {
      const { prepared } = session;
      const exchange = prepared === undefined ? undefined : started(session, session.batchNs);
      if (exchange !== undefined) {
        describe(exchange, prepared, "PREPARE");
        exchange.requestBytes = session.batchBytes;
      }
      session.batchBytes = 0;
      session.prepared = undefined;
      return { step: exchange === undefined ? "sync" : "prepare", exchange };
    }
    default:
      // Copy data, passwords, flushes.
      if (type === "d" || type === "c" || type === "f" || type === "p") session.batchBytes = 0;
      return undefined;
  }
}

/** forgetBatch is for bytes of the client that were missed: what they may have changed is unknown. */
export function forgetBatch(session: Session): void {
  session.batchBytes = 0;
  session.prepared = undefined;
  session.statements.delete("");
  session.portals.clear();
}

function queryText(bytes: Uint8Array, start: number, textEnd: number, end: number): Statement {
  const cut = textEnd < 0;
  return readStatement(utf8(bytes, start, cut ? end : textEnd), "postgresql", cut);
}

function remember<T>(map: Map<string, T>, name: string, value: T, limit: number): void {
  map.delete(name);
  if (map.size >= limit) {
    const oldest = map.keys().next().value;
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(name, value);
}
