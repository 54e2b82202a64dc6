// A server's answer to one command, packet by packet.

import { latin1, u16le, u32le } from "../text.js";
import type { WireExchange } from "../wire.js";
import { type Asked, remember, type Session } from "./client.js";
import { Command, type Integer, packetHeader, readInteger, ServerStatus } from "./packet.js";

/** Answer is how far an answer has come; "blind" when a packet that says what follows was not captured whole. */
export interface Answer {
  part: "start" | "definitions" | "rows" | "prepared" | "infile" | "blind";
  /** left counts column definitions that are still to come. */
  left: number;
  rows: number;
  /** groups are the definitions of a prepared statement: parameters, then columns. */
  groups: number[];
  afterDefinitions: boolean;
}

/** Verdict says what an answer's packet was. */
export type Verdict = "last" | "more" | "wrong";

/** newAnswer makes an answer of which nothing has come. */
export function newAnswer(): Answer {
  return { part: "start", left: 0, rows: 0, groups: [], afterDefinitions: false };
}

const integer: Integer = { value: 0, size: 0 };
const eofLength = packetHeader + 5;
const manyColumns = 4096;

/** restart begins an answer, or the next result of several. */
export function restart(answer: Answer): void {
  answer.part = "start";
  answer.left = 0;
  answer.groups = [];
  answer.afterDefinitions = false;
}

/** fail reads an ERR packet: a code, and an SQLSTATE. */
export function fail(exchange: WireExchange, bytes: Uint8Array, start: number, end: number): void {
  const at = start + packetHeader + 1;
  exchange.error = "_OTHER";
  if (at + 2 > end) return;
  const code = String(u16le(bytes, at));
  exchange.error = code;
  exchange.attributes["db.response.status_code"] = code;
  if (bytes[at + 2] === 0x23 && at + 8 <= end)
    exchange.attributes["go3s.db.sqlstate"] = latin1(bytes, at + 3, at + 8);
}

/**
 * readAnswer takes a packet of the answer and says whether it is the answer's last: "more" when other packets follow,
 * "wrong" when it cannot be part of an answer.
 */
export function readAnswer(
  session: Session,
  asked: Asked,
  answer: Answer,
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
): Verdict {
  const at = start + packetHeader;
  if (total === packetHeader) return "more";
  if (at >= end) return "wrong";
  const first = bytes[at];
  const { exchange } = asked;
  if (first === 0xff && answer.part !== "prepared") {
    fail(exchange, bytes, start, end);
    return "last";
  }
  switch (answer.part) {
    case "blind":
      return "more";
    case "start":
      return begin(session, asked, answer, bytes, at, end, total);
    case "infile":
      return ok(asked, answer, bytes, at, end);
    case "definitions":
      if (first === 0xfe && total === eofLength && answer.left > 0)
        return endOfRows(asked, answer, bytes, at + 3, end);
      if (--answer.left > 0) return "more";
      answer.part = "rows";
      answer.afterDefinitions = true;
      return "more";
    case "prepared":
      if (first === 0xfe && total === eofLength)
        return answer.left === 0 && answer.groups.length === 0 ? "last" : "more";
      answer.left--;
      return nextGroup(session, answer);
    default: {
      const afterDefinitions = answer.afterDefinitions;
      answer.afterDefinitions = false;
      if (first !== 0xfe) {
        answer.rows++;
        return "more";
      }
      if (total === eofLength) {
        if (at + 5 > end) return "wrong";
        const status = u16le(bytes, at + 3);
        // The EOF between definitions and rows; a cursor's rows are fetched later.
        if (afterDefinitions && (status & ServerStatus.cursorExists) === 0) return "more";
        return endOfRows(asked, answer, bytes, at + 3, end);
      }
      if (total >= 0xffffff) {
        answer.rows++;
        return "more";
      }
      // An OK packet under CLIENT_DEPRECATE_EOF.
      readInteger(bytes, at + 1, end, integer);
      const second = at + 1 + integer.size;
      readInteger(bytes, second, end, integer);
      return endOfRows(asked, answer, bytes, second + integer.size, end);
    }
  }
}

function begin(
  session: Session,
  asked: Asked,
  answer: Answer,
  bytes: Uint8Array,
  at: number,
  end: number,
  total: number,
): Verdict {
  const first = bytes[at];
  if (asked.command === Command.statistics) return "last";
  if (asked.command === Command.prepare && first === 0) {
    if (at + 12 > end) return "wrong";
    if (asked.statement !== undefined) remember(session, u32le(bytes, at + 1), asked.statement);
    answer.part = "prepared";
    answer.groups = [u16le(bytes, at + 7), u16le(bytes, at + 5)].filter((count) => count > 0);
    answer.left = 0;
    return nextGroup(session, answer, true);
  }
  if (asked.command === Command.fetch || asked.command === Command.fieldList) {
    answer.part = "rows";
    answer.afterDefinitions = false;
    if (first !== 0xfe) {
      answer.rows++;
      return "more";
    }
    return endOfRows(asked, answer, bytes, at + 3, end);
  }
  if (asked.command === Command.changeUser && first === 0xfe) return "more";
  if (first === 0 || (first === 0xfe && total < eofLength + 0xffff)) return ok(asked, answer, bytes, at, end);
  if (first === 0xfb) {
    answer.part = "infile";
    return "more";
  }
  readInteger(bytes, at, end, integer);
  if (integer.size === 0 || integer.value === 0 || integer.value > manyColumns) return "wrong";
  answer.left = integer.value;
  // MariaDB's metadata cache: a byte says whether the definitions come again.
  const isCached =
    session.system === "mariadb" &&
    total === packetHeader + integer.size + 1 &&
    bytes[at + integer.size] === 0;
  answer.part = isCached ? "rows" : "definitions";
  answer.afterDefinitions = isCached;
  return "more";
}

/** nextGroup goes on to the definitions that are still to come, each group with its EOF unless that is deprecated. */
function nextGroup(session: Session, answer: Answer, atStart = false): Verdict {
  if (answer.left > 0) return "more";
  const next = answer.groups.shift();
  if (next !== undefined) {
    answer.left = next;
    return "more";
  }
  const hasEof = session.capabilities !== 0 && (session.capabilities & 0x1000000) === 0;
  return hasEof && !atStart ? "more" : "last";
}

function ok(asked: Asked, answer: Answer, bytes: Uint8Array, at: number, end: number): Verdict {
  readInteger(bytes, at + 1, end, integer);
  const affected = integer.value;
  const second = at + 1 + integer.size;
  if (integer.size > 0) {
    const { attributes } = asked.exchange;
    const before = attributes["go3s.db.affected_rows"];
    if (affected > 0 || typeof before === "number")
      attributes["go3s.db.affected_rows"] = affected + (typeof before === "number" ? before : 0);
  }
  readInteger(bytes, second, end, integer);
  return more(answer, bytes, second + integer.size, end);
}

function endOfRows(asked: Asked, answer: Answer, bytes: Uint8Array, status: number, end: number): Verdict {
  asked.exchange.attributes["db.response.returned_rows"] = answer.rows;
  return more(answer, bytes, status, end);
}

function more(answer: Answer, bytes: Uint8Array, status: number, end: number): Verdict {
  if (status + 2 > end) return "wrong";
  if ((u16le(bytes, status) & ServerStatus.moreResults) === 0) return "last";
  restart(answer);
  return "more";
}
