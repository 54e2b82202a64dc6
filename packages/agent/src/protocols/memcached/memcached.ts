import { type FrameFormat, framesFit, newLane } from "../frames.js";
import { u16, u32 } from "../text.js";
import { newTurns } from "../turns.js";
import { newExchange, type Parser, type ParserOptions, type Protocol, type WireExchange } from "../wire.js";
import { binaryHeader, binaryLength, Magic, opcodeOf, Stats, statusNames } from "./binary.js";
import { isCommand, isKnownLine, type Line, readLine } from "./text.js";

const keep = 4096;
// Of a packet or a line with data, so much says everything.
const wanted = 512;

/** memcached reads the text, the meta and the binary protocol over TCP. */
export const memcached: Protocol = {
  name: "memcached",
  asks(bytes, start, end, total, datagram) {
    if (datagram) return 0;
    const length = binaryLength(bytes, start, end, Magic.request);
    if (length > 0) return length <= total ? 95 : 50;
    if (!isKnownLine(bytes, start, end, false)) return 0;
    const line = readLine(bytes, start, end, false);
    // Words that other line protocols have too.
    return line !== undefined && line.words.length > 1 ? 80 : 40;
  },
  answers(bytes, start, end, total, datagram) {
    if (datagram) return 0;
    const length = binaryLength(bytes, start, end, Magic.response);
    if (length > 0) return length <= total ? 95 : 50;
    if (!isKnownLine(bytes, start, end, true)) return 0;
    return bytes[start] === 0x56 || bytes[start] === 0x53 ? 80 : 50;
  },
  open: openMemcached,
};

interface Asked {
  readonly exchange: WireExchange;
  readonly word: string;
  /** opaque is the binary protocol's number, -1 in text. */
  readonly opaque: number;
  readonly quiet: boolean;
}

function openMemcached(options: ParserOptions): Parser {
  const turns = newTurns<Asked>(({ exchange }) => options.emit(exchange), options.late);
  let binary = false;
  let ends = false;
  // The lines whose length was told last: those that the lanes hand out next.
  let asking: Line | undefined;
  let answering: Line | undefined;
  // Quiet meta commands are told with the one that is answered.
  let quietBytes = 0;
  let quietNs = 0;
  let quietCount = 0;

  const started = (word: string, ns: number, bytes: number): WireExchange => {
    const exchange = newExchange("memcached", ns);
    exchange.name = word;
    exchange.requestBytes = bytes;
    exchange.attributes["db.system.name"] = "memcached";
    exchange.attributes["db.operation.name"] = word;
    return exchange;
  };

  const askText = (total: number, ns: number): void => {
    const words = asking?.words ?? [""];
    const word = isCommand(words[0]) ? words[0] : "other";
    if (word === "quit") return;
    const isMeta = /^m[gsdan]$/.test(word);
    if (isMeta && word !== "mn" && words.slice(2).includes("q")) {
      if (quietCount++ === 0) quietNs = ns;
      quietBytes += total;
      return;
    }
    const exchange = started(word, quietCount > 0 ? quietNs : ns, total + quietBytes);
    if (quietCount > 0) exchange.attributes["db.operation.batch.size"] = quietCount;
    const keys = word.startsWith("gat") ? words.length - 2 : words.length - 1;
    if (word.startsWith("g") && keys > 1) exchange.attributes["db.operation.batch.size"] = keys;
    quietCount = 0;
    quietBytes = 0;
    if (words.at(-1) === "noreply") options.emit(exchange);
    else turns.ask({ exchange, word, opaque: -1, quiet: false });
  };

  const askBinary = (bytes: Uint8Array, start: number, total: number, ns: number): void => {
    const { name, quiet } = opcodeOf(bytes, start);
    turns.ask({ exchange: started(name, ns, total), word: name, opaque: u32(bytes, start + 12), quiet });
  };

  const requestFormat: FrameFormat = {
    keep,
    lengthOf(bytes, start, end) {
      if (bytes[start] === Magic.request) return binaryLength(bytes, start, end, Magic.request);
      asking = readLine(bytes, start, end, false);
      return asking?.total ?? -1;
    },
    wanted: () => wanted,
    boundary: (bytes, start, end, total) =>
      bytes[start] === Magic.request
        ? framesFit(requestFormat, bytes, start, end, total)
        : isKnownLine(bytes, start, end, false),
    frame(bytes, start, _end, total, firstNs) {
      binary = bytes[start] === Magic.request;
      if (binary) askBinary(bytes, start, total, firstNs);
      else askText(total, firstNs);
    },
    lost() {
      quietCount = 0;
      quietBytes = 0;
      turns.missed();
    },
  };

  const answerText = (asked: Asked): void => {
    const word = answering?.words[0] ?? "";
    const { exchange } = asked;
    if (word === "ERROR" || word === "CLIENT_ERROR" || word === "SERVER_ERROR") {
      exchange.error = word;
      exchange.attributes["db.response.status_code"] = word;
      ends = true;
    } else if (asked.word === "mn") ends = word === "MN";
    else ends = word !== "VALUE" && word !== "STAT";
  };

  /** answerBinary ends the quiet commands before the one that is answered: no word was theirs. */
  const answerBinary = (bytes: Uint8Array, start: number, end: number, total: number, ns: number): void => {
    if (end - start < binaryHeader) return;
    const opaque = u32(bytes, start + 12);
    for (let asked = turns.first(); asked?.quiet === true && asked.opaque !== opaque; asked = turns.first())
      turns.answer(ns);
    const asked = turns.first();
    if (asked === undefined || asked.opaque !== opaque) return;
    const { exchange } = asked;
    if (exchange.firstByteNs === 0) exchange.firstByteNs = ns;
    exchange.responseBytes += total;
    const status = u16(bytes, start + 6);
    const error = statusNames[status];
    if (status !== 0) exchange.attributes["db.response.status_code"] = String(status);
    if (error !== undefined) exchange.error = error;
    // Statistics end with one without a name.
    ends = bytes[start + 1] !== Stats || total === binaryHeader || status !== 0;
  };

  const responseFormat: FrameFormat = {
    keep,
    lengthOf(bytes, start, end) {
      if (bytes[start] === Magic.response) return binaryLength(bytes, start, end, Magic.response);
      answering = readLine(bytes, start, end, true);
      return answering?.total ?? -1;
    },
    wanted: () => wanted,
    boundary: (bytes, start, end, total) =>
      bytes[start] === Magic.response
        ? framesFit(responseFormat, bytes, start, end, total)
        : isKnownLine(bytes, start, end, true),
    frame(bytes, start, end, total, firstNs) {
      if (bytes[start] === Magic.response) {
        answerBinary(bytes, start, end, total, firstNs);
        return;
      }
      const asked = turns.first();
      if (asked === undefined || asked.opaque >= 0) return;
      if (asked.exchange.firstByteNs === 0) asked.exchange.firstByteNs = firstNs;
      asked.exchange.responseBytes += total;
      answerText(asked);
    },
    ended(ns) {
      if (!ends) return;
      ends = false;
      turns.answer(ns);
    },
    lost() {
      ends = false;
      turns.lose();
    },
  };

  const requests = newLane(requestFormat, options.late);
  const responses = newLane(responseFormat, options.late);
  return {
    request(bytes, start, end, total, ns) {
      turns.sent(ns);
      requests.push(bytes, start, end, total, ns);
    },
    response(bytes, start, end, total, ns) {
      turns.received(ns);
      responses.push(bytes, start, end, total, ns);
    },
    close: turns.close,
    state: () => (requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}
