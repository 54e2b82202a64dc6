import { type FrameFormat, newLane } from "../frames.js";
import { printable, startsWith, u24le, u32le } from "../text.js";
import { newTurns } from "../turns.js";
import type { Parser, ParserOptions, Protocol } from "../wire.js";
import { fail, newAnswer, readAnswer, restart } from "./answer.js";
import { type Asked, readCommand, readLogin, type Session, started } from "./client.js";
import { Capability, Command, fullPacket, packetHeader, packetLength, readGreeting } from "./packet.js";

const keep = 8192;
// What a packet of the server is looked at for, rows left out: an error, a status, a statement's number.
const wantedOfAnswer = 64;
const loginLength = packetHeader + 32;

/** mysql reads MySQL's and MariaDB's protocol, as long as it is neither compressed nor in TLS. */
export const mysql: Protocol = {
  name: "mysql",
  asks(bytes, start, end, total, datagram) {
    if (datagram || end - start < 5 || bytes[start + 3] !== 0 || packetLength(bytes, start, end) !== total)
      return 0;
    const command = bytes[start + 4];
    if (command === Command.query || command === Command.prepare) {
      const stop = Math.min(end, start + 40);
      // Query attributes come before the text.
      const from =
        command === Command.query && bytes[start + 5] === 0 && bytes[start + 6] === 1 ? start + 7 : start + 5;
      return stop > from && isLetter(bytes[from]) && printable(bytes, from, stop) ? 80 : 0;
    }
    if (command === Command.ping || command === Command.quit || command === Command.resetConnection)
      return total === 5 ? 60 : 0;
    if (command === Command.execute)
      return total >= 14 && bytes[start + 9] <= 7 && u32le(bytes, start + 10) === 1 ? 70 : 0;
    return 0;
  },
  answers(bytes, start, end, total, datagram) {
    if (datagram || end - start < 5) return 0;
    const length = packetLength(bytes, start, end);
    const number = bytes[start + 3];
    if (number === 0 && length === total) return readGreeting(bytes, start, end) === undefined ? 0 : 100;
    if (number !== 1 || length > total) return 0;
    if (bytes[start + 4] === 0xff && length >= 13 && startsWith(bytes, start + 7, end, "#")) return 85;
    // A column count, then a definition in the catalogue "def".
    if (length === 5 && startsWith(bytes, start + 12, end, "\x03def", 1) && bytes[start + 8] === 2) return 85;
    return bytes[start + 4] === 0 && length === total && length >= 11 && length < 80 ? 40 : 0;
  },
  open: openMysql,
};

function isLetter(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 40 || c === 47;
}

function openMysql(options: ParserOptions): Parser {
  const session: Session = { system: "mysql", database: "", capabilities: 0, statements: new Map() };
  const turns = newTurns<Asked>(({ exchange }) => options.emit(exchange), options.late);
  const answer = newAnswer();
  // The connection's phase: the greeting, the client's login, what both say until OK, then commands.
  let phase: "greeting" | "login" | "authentication" | "commands" = options.late ? "commands" : "greeting";
  let opaque = false;
  let login: Asked | undefined;
  let ends = false;
  let continuesRequest = false;
  let continuesAnswer = false;

  const requestFormat: FrameFormat = {
    keep,
    lengthOf: packetLength,
    // One packet a write, or the first of more than 16 MiB.
    boundary: (bytes, start, end, total) =>
      packetLength(bytes, start, end) === total &&
      bytes[start + 3] === 0 &&
      (bytes[start + 4] <= 0x1f || bytes[start + 4] === Command.bulkExecute),
    frame(bytes, start, end, total, firstNs) {
      const continues = continuesRequest;
      continuesRequest = total === packetHeader + fullPacket;
      const first = turns.first();
      if (continues || answer.part === "infile") {
        if (first !== undefined) first.exchange.requestBytes += total;
        return;
      }
      if (phase === "login") {
        if (
          end - start >= loginLength &&
          (u32le(bytes, start + packetHeader) & Capability.ssl) !== 0 &&
          total === loginLength
        ) {
          opaque = true;
          return;
        }
        readLogin(session, bytes, start, end);
        phase = "authentication";
        const exchange = started(session, firstNs);
        exchange.name = "CONNECT";
        exchange.attributes["db.operation.name"] = "CONNECT";
        exchange.requestBytes = total;
        login = { exchange, command: 0, statement: undefined, database: "" };
        return;
      }
      if (phase !== "commands") return;
      const asked =
        bytes[start + 3] === 0 ? readCommand(session, bytes, start, end, total, firstNs) : undefined;
      if (asked === undefined) return;
      if (asked.command === Command.binlogDump || asked.command === Command.binlogDumpGtid) opaque = true;
      else turns.ask(asked);
    },
    lost: () => turns.missed(),
  };

  const authenticated = (
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    firstNs: number,
  ): void => {
    const first = bytes[start + packetHeader];
    if (phase === "greeting") {
      const greeting = readGreeting(bytes, start, end);
      if (greeting === undefined) return;
      session.system = /maria/i.test(greeting.version) ? "mariadb" : "mysql";
      phase = "login";
      return;
    }
    if (login === undefined) return;
    const { exchange } = login;
    if (exchange.firstByteNs === 0) exchange.firstByteNs = firstNs;
    exchange.responseBytes += total;
    if (first === 0xff) {
      fail(exchange, bytes, start, end);
      exchange.endNs = firstNs;
      options.emit(exchange);
      login = undefined;
    } else if (first === 0) {
      phase = "commands";
      login = undefined;
      if ((session.capabilities & (Capability.compress | Capability.zstd)) !== 0) opaque = true;
    }
  };

  const responseFormat: FrameFormat = {
    keep,
    lengthOf: packetLength,
    wanted: () => (phase === "commands" ? wantedOfAnswer : keep),
    // Answers begin with packet 1; in the middle of one only its last packet says anything.
    boundary: (bytes, start, end, total) =>
      end - start > packetHeader &&
      (phase === "greeting" || bytes[start + 3] === 1) &&
      u24le(bytes, start) + packetHeader <= total,
    frame(bytes, start, end, total, firstNs) {
      if (phase !== "commands") {
        authenticated(bytes, start, end, total, firstNs);
        return;
      }
      const continues = continuesAnswer;
      continuesAnswer = total === packetHeader + fullPacket;
      const asked = turns.first();
      if (asked === undefined) return;
      // The first packet of an answer is number 1; others belong to an answer that has been told.
      const isFresh = answer.part === "start" && asked.exchange.firstByteNs === 0;
      if (isFresh && bytes[start + 3] !== 1) return;
      if (asked.exchange.firstByteNs === 0) asked.exchange.firstByteNs = firstNs;
      asked.exchange.responseBytes += total;
      if (continues) return;
      const verdict = readAnswer(session, asked, answer, bytes, start, end, total);
      if (verdict === "wrong") {
        asked.exchange.doubt = "cut";
        answer.part = "blind";
      }
      ends = verdict === "last";
    },
    ended(ns) {
      if (!ends) return;
      ends = false;
      const asked = turns.first();
      if (asked !== undefined && asked.database !== "" && asked.exchange.error === "")
        session.database = asked.database;
      finish();
      turns.answer(ns);
    },
    lost() {
      finish();
      turns.lose();
    },
  };

  const finish = (): void => {
    restart(answer);
    answer.rows = 0;
    ends = false;
    continuesAnswer = false;
  };

  const requests = newLane(requestFormat, options.late);
  const responses = newLane(responseFormat, options.late);
  return {
    request(bytes, start, end, total, ns) {
      if (opaque) return;
      turns.sent(ns);
      if (turns.size() === 0) finish();
      requests.push(bytes, start, end, total, ns);
    },
    response(bytes, start, end, total, ns) {
      if (opaque) return;
      turns.received(ns);
      responses.push(bytes, start, end, total, ns);
    },
    close: turns.close,
    state: () => (opaque ? "opaque" : requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}
