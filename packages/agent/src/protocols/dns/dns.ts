import { type FrameFormat, newLane } from "../frames.js";
import { u16 } from "../text.js";
import {
  newExchange,
  type Parser,
  type ParserOptions,
  type Protocol,
  type Push,
  type WireExchange,
} from "../wire.js";
import { codeNames, looksLikeDns, type Message, readMessage } from "./message.js";

// Of a message so much is held until all of it is there; answers beyond are not told.
const keep = 4096;
const openLimit = 256;
// Resolvers wait 5 seconds twice or three times by default (resolv.conf).
const patienceNs = 30_000_000_000;

/** dns reads queries over UDP (every chunk a datagram) and TCP. */
export const dns: Protocol = {
  name: "dns",
  asks: (bytes, start, end, total, datagram) => looks(bytes, start, end, total, datagram, false),
  answers: (bytes, start, end, total, datagram) => looks(bytes, start, end, total, datagram, true),
  open: openDns,
};

function looks(
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
  datagram: boolean,
  isResponse: boolean,
): number {
  if (datagram) return looksLikeDns(bytes, start, end, isResponse);
  if (end - start < 2 || u16(bytes, start) + 2 > total) return 0;
  return looksLikeDns(bytes, start + 2, end, isResponse);
}

function openDns(options: ParserOptions): Parser {
  const open = new Map<number, WireExchange>();
  const message: Message = { id: 0, isResponse: false, code: 0, name: "", type: "", answers: [] };
  let ending: WireExchange | undefined;

  const finish = (id: number, exchange: WireExchange, ns: number): void => {
    open.delete(id);
    exchange.endNs = ns;
    options.emit(exchange);
  };

  /** expire ends queries that nobody answered. */
  const expire = (ns: number): void => {
    for (const [id, exchange] of open) {
      if (open.size < openLimit && ns - exchange.startNs < patienceNs) break;
      exchange.error = "timeout";
      finish(id, exchange, exchange.startNs + Math.min(patienceNs, ns - exchange.startNs));
    }
  };

  const read = (bytes: Uint8Array, start: number, end: number, total: number, ns: number): void => {
    if (!readMessage(bytes, start, end, message)) return;
    const known = open.get(message.id);
    const isSame = known?.attributes["dns.question.name"] === message.name.toLowerCase();
    if (!message.isResponse) {
      // The same question again is a retransmission of the first.
      if (known !== undefined && isSame) {
        known.requestBytes += total;
        return;
      }
      if (known !== undefined) {
        known.error = "timeout";
        finish(message.id, known, ns);
      }
      expire(ns);
      const exchange = newExchange("dns", ns);
      exchange.name = message.type === "" ? "DNS" : `DNS ${message.type}`;
      exchange.requestBytes = total;
      exchange.attributes["dns.question.name"] = message.name.toLowerCase();
      exchange.attributes["go3s.dns.question.type"] = message.type;
      open.set(message.id, exchange);
      return;
    }
    if (known === undefined || !isSame) return;
    known.firstByteNs = ns;
    known.responseBytes = total;
    const code = codeNames[message.code] ?? `RCODE${message.code}`;
    known.attributes["go3s.dns.response_code"] = code;
    if (message.code !== 0) known.error = code;
    if (message.answers.length > 0) known.attributes["dns.answers"] = message.answers;
    open.delete(message.id);
    ending = known;
  };

  const end = (ns: number): void => {
    const exchange = ending;
    if (exchange === undefined) return;
    ending = undefined;
    exchange.endNs = ns;
    options.emit(exchange);
  };

  const close = (ns: number): void => {
    for (const [id, exchange] of [...open]) {
      exchange.error = "timeout";
      finish(id, exchange, ns);
    }
  };

  if (options.datagram) {
    const push: Push = (bytes, start, stop, total, ns) => {
      read(bytes, start, stop, total, ns);
      end(ns);
    };
    return { request: push, response: push, close, state: () => "open", losses: () => 0 };
  }
  const format = (isResponse: boolean): FrameFormat => ({
    keep,
    lengthOf(bytes, start, stop) {
      if (stop - start < 6) return 0;
      return u16(bytes, start) < 12 || bytes[start + 4] >= 0x80 !== isResponse ? -1 : 2 + u16(bytes, start);
    },
    frame: (bytes, start, stop, total, firstNs) => read(bytes, start + 2, stop, total, firstNs),
    ended: end,
    lost() {
      for (const exchange of open.values()) exchange.doubt = "cut";
    },
  });
  const requests = newLane(format(false), options.late);
  const responses = newLane(format(true), options.late);
  return {
    request: requests.push,
    response: responses.push,
    close,
    state: () => (requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}
