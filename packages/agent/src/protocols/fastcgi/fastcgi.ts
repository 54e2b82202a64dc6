import { type FrameFormat, framesFit, newLane } from "../frames.js";
import { newExchange, type Parser, type ParserOptions, type Protocol, type WireExchange } from "../wire.js";
import { type AnswerHead, newAnswerHead } from "./answer-head.js";
import { describe, wanted } from "./describe.js";
import { newParams, type Params } from "./params.js";
import {
  beginsRequest,
  bodySize,
  contentLength,
  headerSize,
  RecordType,
  recordLength,
  requestId,
} from "./record.js";

// Of a record so much is waited for: PARAMS as long as heads are, of an answer what its head takes.
const keep = { params: 32_768, stdout: 2048, others: headerSize + bodySize } as const;
// Web servers ask one request at a time on a connection; the specification allows 65,535.
const openLimit = 1024;

// END_REQUEST's protocolStatus (section 5.5).
const refusals: ReadonlyMap<number, string> = new Map([
  [1, "cant_mpx_conn"],
  [2, "overloaded"],
  [3, "unknown_role"],
]);

/** fastcgi reads what a web server asks of an application, PHP's FPM for one, and what that answers. */
export const fastcgi: Protocol = {
  name: "fastcgi",
  // A server reads a record's header by itself.
  asks: (bytes, start, end, _total, datagram) => (!datagram && beginsRequest(bytes, start, end) ? 95 : 0),
  answers(bytes, start, end, total, datagram) {
    if (datagram || recordLength(bytes, start, end, true) <= 0 || requestId(bytes, start) === 0) return 0;
    const lengthOf = (b: Uint8Array, from: number, to: number): number => recordLength(b, from, to, true);
    return bytes[start + 7] === 0 && framesFit({ lengthOf }, bytes, start, end, total) ? 70 : 0;
  },
  open: openFastcgi,
};

interface Asked {
  readonly exchange: WireExchange;
  readonly params: Params;
  readonly head: AnswerHead;
}

function openFastcgi(options: ParserOptions): Parser {
  const open = new Map<number, Asked>();
  let ending: Asked | undefined;

  const tell = (id: number, { exchange, head }: Asked): void => {
    open.delete(id);
    const status = head.status();
    if (status > 0) exchange.attributes["http.response.status_code"] = status;
    if (status >= 500 && exchange.error === "") exchange.error = String(status);
    options.emit(exchange);
  };

  const cut = (id: number, asked: Asked, ns: number): void => {
    asked.exchange.doubt = "cut";
    asked.exchange.endNs = Math.max(asked.exchange.endNs, ns);
    tell(id, asked);
  };

  const begin = (bytes: Uint8Array, start: number, total: number, ns: number): void => {
    const id = requestId(bytes, start);
    const before = open.get(id);
    if (before !== undefined) cut(id, before, before.exchange.endNs);
    for (const [oldest, asked] of open) {
      if (open.size < openLimit) break;
      cut(oldest, asked, asked.exchange.endNs);
    }
    const exchange = newExchange("fastcgi", ns);
    exchange.requestBytes = total;
    open.set(id, { exchange, params: newParams(wanted), head: newAnswerHead() });
  };

  const ask = (bytes: Uint8Array, start: number, end: number, total: number, ns: number): void => {
    const type = bytes[start + 1];
    if (type === RecordType.beginRequest) {
      begin(bytes, start, total, ns);
      return;
    }
    const asked = open.get(requestId(bytes, start));
    if (asked === undefined) return;
    const { exchange, params } = asked;
    exchange.requestBytes += total;
    if (type !== RecordType.params) return;
    const length = contentLength(bytes, start);
    if (length > 0) {
      params.add(bytes, start + headerSize, Math.min(end, start + headerSize + length), length);
      return;
    }
    describe(exchange, params);
    // An application begins now, whether it wants the body or not.
    exchange.isSent = true;
    options.asked?.(exchange);
  };

  const answer = (bytes: Uint8Array, start: number, end: number, total: number, ns: number): void => {
    const asked = open.get(requestId(bytes, start));
    if (asked === undefined) return;
    const { exchange, head } = asked;
    exchange.responseBytes += total;
    if (exchange.firstByteNs === 0) exchange.firstByteNs = ns;
    const type = bytes[start + 1];
    const length = contentLength(bytes, start);
    if (type === RecordType.stdout && length > 0) {
      const stop = Math.min(end, start + headerSize + length);
      head.add(bytes, start + headerSize, stop, stop < start + headerSize + length);
    }
    if (type !== RecordType.endRequest) return;
    exchange.error = refusals.get(bytes[start + headerSize + 4]) ?? "";
    ending = asked;
  };

  const format = (isAnswer: boolean): FrameFormat => ({
    keep: keep.params,
    wanted(bytes, start) {
      const type = bytes[start + 1];
      if (type === RecordType.params) return keep.params;
      return type === RecordType.stdout ? keep.stdout : keep.others;
    },
    lengthOf: (bytes, start, end) => recordLength(bytes, start, end, isAnswer),
    frame: isAnswer ? answer : ask,
    ended(ns) {
      if (!isAnswer || ending === undefined) return;
      const asked = ending;
      ending = undefined;
      asked.exchange.endNs = ns;
      for (const [id, each] of open) if (each === asked) tell(id, asked);
    },
    lost() {
      // Whose answer it was nobody knows; what is asked next begins anew.
      ending = undefined;
      for (const { exchange } of open.values()) exchange.doubt = "cut";
    },
  });
  const requests = newLane(format(false), options.late);
  const responses = newLane(format(true), options.late);

  return {
    request: requests.push,
    response: responses.push,
    resume: () => open.clear(),
    close(ns) {
      for (const [id, asked] of open) {
        asked.exchange.endNs = ns;
        if (asked.exchange.doubt === "") asked.exchange.error = "connection_closed";
        tell(id, asked);
      }
    },
    state: () => (requests.isLost() || responses.isLost() ? "lost" : "open"),
    losses: () => requests.losses() + responses.losses(),
  };
}
