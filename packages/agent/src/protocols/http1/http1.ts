// HTTP/1 as a parser like the others; its heads are read where the agent's own HTTP spans read them.

import {
  newRequestHead,
  newResponseHead,
  type Piece,
  parseRequestHead,
  parseResponseHead,
} from "../../spans/head.js";
import { type FrameFormat, newLane } from "../frames.js";
import { latin1 } from "../text.js";
import { newTurns } from "../turns.js";
import { newExchange, type Parser, type ParserOptions, type Protocol, type WireExchange } from "../wire.js";

// Servers take heads of 8 KiB (nginx, Apache) to 16 KiB (Node).
const longestHead = 16384;
const longestMethod = 24;
const methods = [
  "GET ",
  "POST ",
  "PUT ",
  "HEAD ",
  "DELETE ",
  "OPTIONS ",
  "PATCH ",
  "CONNECT ",
  "TRACE ",
  "QUERY ",
];

/** http1 reads HTTP/1.0 and 1.1. */
export const http1: Protocol = {
  name: "http",
  asks: (bytes, start, end, _total, datagram) => (!datagram && requestLine(bytes, start, end) ? 100 : 0),
  answers: (bytes, start, end, _total, datagram) => (!datagram && statusLine(bytes, start, end) ? 100 : 0),
  open: openHttp1,
};

function requestLine(bytes: Uint8Array, start: number, end: number): boolean {
  const text = latin1(bytes, start, Math.min(end, start + longestMethod));
  const method = methods.find((word) => text.startsWith(word));
  if (method === undefined) return false;
  const first = text[method.length] ?? "";
  // Origin form, absolute form, or the asterisk and authority forms of OPTIONS and CONNECT.
  return /[/h*a-z0-9[]/i.test(first);
}

function statusLine(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 12 && /^HTTP\/1\.[01] [1-5]\d\d/.test(latin1(bytes, start, start + 12));
}

interface Asked {
  readonly exchange: WireExchange;
  readonly isHead: boolean;
  readonly isConnect: boolean;
}

/** Part says what the next frame of a direction is. */
type Part = "head" | "body" | "chunk" | "trailer" | "until-close";

interface Message {
  part: Part;
  left: number;
  chunked: boolean;
}

function openHttp1(options: ParserOptions): Parser {
  const turns = newTurns<Asked>(({ exchange }) => options.emit(exchange), options.late);
  const requestHead = newRequestHead();
  const responseHead = newResponseHead();
  const asking: Message = { part: "head", left: 0, chunked: false };
  const answering: Message = { part: "head", left: 0, chunked: false };
  let opaque = false;
  let done = false;

  const lengthOf = (message: Message, bytes: Uint8Array, start: number, end: number): number => {
    switch (message.part) {
      case "head":
        return headLength(bytes, start, end);
      case "body":
        return message.left;
      case "until-close":
        return end - start;
      case "chunk": {
        const line = lineLength(bytes, start, end);
        if (line <= 0) return end - start > 64 ? -1 : 0;
        const size = Number.parseInt(latin1(bytes, start, start + Math.min(line, 16)), 16);
        if (!(size >= 0)) return -1;
        return size === 0 ? line : line + size + 2;
      }
      default:
        return lineLength(bytes, start, end);
    }
  };

  /** after says what follows a message's frame; it is whole when this gives true. */
  const after = (message: Message, bytes: Uint8Array, start: number, total: number): boolean => {
    if (message.part === "body") {
      message.part = "head";
      return true;
    }
    if (message.part === "chunk") {
      if (
        bytes[start] === 0x30 &&
        total <= 16 &&
        Number.parseInt(latin1(bytes, start, start + total), 16) === 0
      )
        message.part = "trailer";
      return false;
    }
    if (message.part === "trailer" && total <= 2) {
      message.part = "head";
      return true;
    }
    return false;
  };

  const bodyOf = (message: Message, contentLength: number, chunked: boolean): boolean => {
    if (chunked) message.part = "chunk";
    else if (contentLength > 0) {
      message.part = "body";
      message.left = contentLength;
    } else return true;
    return false;
  };

  const ask = (bytes: Uint8Array, start: number, end: number, size: number, ns: number): void => {
    if (!parseRequestHead(bytes, start, end, requestHead)) return;
    const exchange = newExchange("http", ns);
    exchange.requestBytes = size;
    describeRequest(exchange, bytes, end);
    const method = pieceText(bytes, requestHead.method);
    turns.ask({ exchange, isHead: method === "HEAD", isConnect: method === "CONNECT" });
  };

  const requestFormat: FrameFormat = {
    keep: longestHead,
    lengthOf: (bytes, start, end) => lengthOf(asking, bytes, start, end),
    wanted: () => (asking.part === "head" ? longestHead : 32),
    boundary: requestLine,
    expected: () => (asking.part === "body" ? asking.left : 0),
    frame(bytes, start, end, total, firstNs) {
      if (asking.part !== "head") {
        const last = turns.last();
        if (last !== undefined) last.exchange.requestBytes += total;
        after(asking, bytes, start, total);
        return;
      }
      ask(bytes, start, end, total, firstNs);
      bodyOf(asking, requestHead.contentLength, requestHead.chunked);
    },
    cut(bytes, start, end, hole, firstNs) {
      if (asking.part === "head") ask(bytes, start, end, end - start + hole, firstNs);
    },
    lost() {
      // The cut request itself has been told; of what follows it in its write nothing is known.
      asking.part = "head";
    },
  };

  const describeRequest = (exchange: WireExchange, bytes: Uint8Array, end: number): void => {
    const { attributes } = exchange;
    const method = pieceText(bytes, requestHead.method);
    const known = methods.includes(`${method} `);
    exchange.name = known ? method : "HTTP";
    attributes["http.request.method"] = known ? method : "_OTHER";
    const { start } = requestHead.method;
    const version = / HTTP\/(1\.[01])\s*$/.exec(latin1(bytes, start, start + lineLength(bytes, start, end)));
    if (version?.[1] !== undefined) attributes["network.protocol.version"] = version[1];
    if (requestHead.contentLength >= 0) attributes["http.request.body.size"] = requestHead.contentLength;
    const { path, query } = requestHead;
    // A target that goes to the end of what was captured may go on.
    const target = query.start < 0 ? path : query;
    const whole = target.end < end;
    if (whole || query.start >= 0) attributes["url.path"] = pieceText(bytes, path);
    else attributes["go3s.wire.unknown"] = ["url.path"];
    if (whole && query.start >= 0) attributes["url.query"] = pieceText(bytes, query);
    const host = pieceText(bytes, requestHead.host);
    const port = /:(\d{1,5})$/.exec(host);
    if (host !== "") attributes["server.address"] = port === null ? host : host.slice(0, port.index);
    if (port !== null) attributes["server.port"] = Number(port[1]);
    const agent = pieceText(bytes, requestHead.userAgent);
    if (agent !== "") attributes["user_agent.original"] = agent;
    exchange.traceparent = pieceText(bytes, requestHead.traceparent);
    exchange.tracestate = pieceText(bytes, requestHead.tracestate);
  };

  const answerHead = (
    bytes: Uint8Array,
    start: number,
    end: number,
    total: number,
    firstNs: number,
  ): void => {
    const asked = turns.first();
    if (!parseResponseHead(bytes, start, end, responseHead)) return;
    const { status } = responseHead;
    if (asked !== undefined) {
      const { exchange } = asked;
      exchange.responseBytes += total;
      if (exchange.firstByteNs === 0) exchange.firstByteNs = firstNs;
    }
    // 100 and 103 announce another head; 101 is the end of HTTP on this connection.
    if (status < 200 && status !== 101) return;
    if (asked !== undefined) {
      asked.exchange.attributes["http.response.status_code"] = status;
      if (status >= 500) asked.exchange.error = String(status);
    }
    const hasNoBody = status === 101 || status === 204 || status === 304 || asked?.isHead === true;
    const size = hasNoBody ? 0 : responseHead.contentLength;
    if (asked !== undefined && size >= 0) asked.exchange.attributes["http.response.body.size"] = size;
    opaque ||= status === 101 || (asked?.isConnect === true && status < 300);
    if (hasNoBody) done = true;
    else if (!responseHead.complete) done = false;
    else if (!responseHead.chunked && responseHead.contentLength < 0) answering.part = "until-close";
    else done = bodyOf(answering, responseHead.contentLength, responseHead.chunked);
  };

  const responseFormat: FrameFormat = {
    keep: longestHead,
    lengthOf: (bytes, start, end) => lengthOf(answering, bytes, start, end),
    wanted: () => (answering.part === "head" ? longestHead : 32),
    boundary: statusLine,
    expected: () => (answering.part === "body" ? answering.left : 0),
    frame(bytes, start, end, total, firstNs) {
      const asked = turns.first();
      if (answering.part !== "head") {
        if (asked !== undefined) asked.exchange.responseBytes += total;
        done = after(answering, bytes, start, total);
        return;
      }
      answerHead(bytes, start, end, total, firstNs);
    },
    cut(bytes, start, end, hole, firstNs) {
      if (answering.part === "head") answerHead(bytes, start, end, end - start + hole, firstNs);
      done = false;
    },
    ended(ns) {
      if (done) turns.answer(ns);
      done = false;
    },
    lost() {
      done = false;
      // A body that lasts as long as its connection is counted without the lane.
      if (answering.part === "until-close") return;
      answering.part = "head";
      turns.lose();
    },
  };

  const toldPart = (): Part => answering.part;

  const requests = newLane(requestFormat, options.late);
  const responses = newLane(responseFormat, options.late);
  return {
    request(bytes, start, end, total, ns) {
      if (opaque) return;
      turns.sent(ns);
      requests.push(bytes, start, end, total, ns);
    },
    response(bytes, start, end, total, ns) {
      if (opaque) return;
      turns.received(ns);
      const asked = turns.first();
      if (answering.part === "until-close") {
        if (asked === undefined) return;
        asked.exchange.responseBytes += total;
        return;
      }
      responses.push(bytes, start, end, total, ns);
      const begins = toldPart() === "until-close" && asked !== undefined;
      if (begins) asked.exchange.responseBytes += total - (end - start);
    },
    close(ns) {
      // A body without a length ends with its connection (RFC 9112 section 6.3).
      if (answering.part === "until-close") turns.answer(ns);
      turns.close(ns);
    },
    state: () => (opaque ? "opaque" : requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}

function pieceText(bytes: Uint8Array, piece: Piece): string {
  return piece.start < 0 ? "" : latin1(bytes, piece.start, piece.end);
}

/** headLength counts a head's bytes with its empty line, 0 when that is not there. */
function headLength(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== 10) continue;
    if (bytes[i + 1] === 10 && i + 1 < end) return i + 2 - start;
    if (bytes[i + 1] === 13 && bytes[i + 2] === 10 && i + 2 < end) return i + 3 - start;
  }
  // What cannot become a head is none, without waiting for 16 KiB of it.
  if (end > start && (bytes[start] < 65 || bytes[start] > 122)) return -1;
  return 0;
}

function lineLength(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === 10) return i + 1 - start;
  return 0;
}
