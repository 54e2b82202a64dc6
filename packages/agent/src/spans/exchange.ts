// The global Buffer is a getter, which showed in profiles of the hot path; the imported one is not.
import { Buffer } from "node:buffer";
import { addressSize, type Role } from "../events/layout.js";
import type { AnswerHead } from "./answer-head.js";
import type { Piece } from "./head.js";
import { idLayout } from "./ids.js";
import type { ProcessSpans } from "./process-spans.js";
import type { SpanTemplate } from "./template.js";

/**
 * Exchange is one HTTP request and its response while it is open. Values are pooled: one that was given back is filled
 * again, its buffers with it, so that a busy service makes no garbage.
 */
export interface Exchange {
  number: number;
  role: Role;
  process: ProcessSpans;
  tgid: number;
  goid: number;
  startNs: number;
  /** The last bytes of the response, or the handler's end; 0 while there was no response. */
  endNs: number;
  handlerEnded: boolean;
  /** responseStarted: the response's head was seen; responseDone: all its bytes by its own counting. */
  responseStarted: boolean;
  responseDone: boolean;
  family: number;
  localPort: number;
  peerPort: number;
  /** Local address, then peer address. */
  readonly addresses: Uint8Array;
  /** The request's head as far as it was captured. */
  head: Buffer;
  headLength: number;
  status: number;
  responseContentLength: number;
  responseChunked: boolean;
  /** -1 while the response's head has not been seen whole. */
  responseHeadLength: number;
  requestBytes: number;
  responseBytes: number;
  /** Route as the process matched it; empty when the probe did not say. */
  pattern: string;
  /** Trace id, span id, parent span id; see idLayout. Valid once `identified`. */
  readonly ids: Uint8Array;
  identified: boolean;
  hasParent: boolean;
  /** remoteParent: the parent came with a header from outside. */
  remoteParent: boolean;
  /** untold: a request that sampling left out asked for it, or is its client's; it is not told. */
  untold: boolean;
  /** The upper 32 bits of the threshold that its trace reached (sampling/threshold.ts); 0 when it stands for itself alone. */
  threshold: number;
  /** TCP's number of the request's first byte. */
  sequence: number;
  /** The version of TLS that it went through, 0 for none (tls-version.ts). */
  secure: number;
  /** The Host that a server's request named, a range of `head`; empty until it is identified. */
  readonly host: Piece;
  /** passesHost: a client's request whose Host is that of the request that it is done for, as reverse proxies keep it: it went elsewhere. */
  passesHost: boolean;
  /** said is the trace id that other processes were told on its behalf; empty when none was (propagate/). */
  said: Uint8Array;
  /** The place of its connection, while it is open there. */
  slot: ConnectionSlot | undefined;
}

/** ConnectionSlot holds what is open on a connection. */
export interface ConnectionSlot {
  /** The process whose end of the connection it is. */
  readonly tgid: number;
  /** An older slot with the same ports: containers have the same ones, each in its own network. */
  readonly other: ConnectionSlot | undefined;
  exchange: Exchange | undefined;
  /** path is where the server of a Unix socket listens, "" where there is none. */
  path: string;
  /** requests counts them: what is kept for those that repeat is not made for a connection's only one. */
  requests: number;
  /** The last span of this connection, for requests that repeat it. */
  template: SpanTemplate | undefined;
  /** The last response's head on this connection, for responses that repeat it. */
  answer: AnswerHead | undefined;
  /** The last exchange that was told whole, for those that repeat it (originals.ts), and the number that it had then. */
  original: Exchange | undefined;
  originalNumber: number;
  /** matches: `template` was found to describe `original`. */
  matches: boolean;
  /** The number of the last exchange that was finished here. */
  last: number;
}

const firstHead = 512;
const unsaid = new Uint8Array(0);
/** More of a head than this is not kept: the probes capture less (probes/http.go3s). */
export const headLimit = 8192;

/** ExchangePool lends exchanges and takes them back. */
export interface ExchangePool {
  take(process: ProcessSpans): Exchange;
  give(exchange: Exchange): void;
}

// Idle exchanges beyond this go to the garbage collector: a burst of connections must not stay in memory for ever.
const idleLimit = 4096;

/** newExchangePool makes an empty pool. */
export function newExchangePool(): ExchangePool {
  const idle: Exchange[] = [];
  return {
    take(process) {
      const exchange = idle.pop() ?? blank(process);
      exchange.process = process;
      return exchange;
    },
    give(exchange) {
      if (idle.length < idleLimit) idle.push(exchange);
    },
  };
}

function blank(process: ProcessSpans): Exchange {
  return {
    number: 0,
    role: 0,
    process,
    tgid: 0,
    goid: 0,
    startNs: 0,
    endNs: 0,
    handlerEnded: false,
    responseStarted: false,
    responseDone: false,
    family: 0,
    localPort: 0,
    peerPort: 0,
    addresses: new Uint8Array(2 * addressSize),
    head: Buffer.allocUnsafeSlow(firstHead),
    headLength: 0,
    status: 0,
    responseContentLength: -1,
    responseChunked: false,
    responseHeadLength: -1,
    requestBytes: 0,
    responseBytes: 0,
    pattern: "",
    ids: new Uint8Array(idLayout.size),
    identified: false,
    hasParent: false,
    remoteParent: false,
    untold: false,
    threshold: 0,
    sequence: 0,
    secure: 0,
    host: { start: 0, end: 0 },
    passesHost: false,
    said: unsaid,
    slot: undefined,
  };
}

/** resetExchange clears what a new request does not set itself. */
export function resetExchange(exchange: Exchange): void {
  exchange.endNs = 0;
  exchange.handlerEnded = false;
  exchange.responseStarted = false;
  exchange.responseDone = false;
  exchange.headLength = 0;
  exchange.status = 0;
  exchange.responseContentLength = -1;
  exchange.responseChunked = false;
  exchange.responseHeadLength = -1;
  exchange.responseBytes = 0;
  exchange.pattern = "";
  exchange.identified = false;
  exchange.hasParent = false;
  exchange.remoteParent = false;
  exchange.untold = false;
  exchange.threshold = 0;
  exchange.host.end = exchange.host.start;
  exchange.passesHost = false;
  exchange.said = unsaid;
  exchange.slot = undefined;
}

/** appendHead adds captured bytes to the request's head, up to headLimit. */
export function appendHead(exchange: Exchange, memory: Uint8Array, start: number, length: number): void {
  const room = Math.min(length, headLimit - exchange.headLength);
  const needed = exchange.headLength + room;
  if (needed > exchange.head.length) {
    const larger = Buffer.allocUnsafeSlow(Math.min(headLimit, Math.max(needed, exchange.head.length * 2)));
    larger.set(exchange.head.subarray(0, exchange.headLength));
    exchange.head = larger;
  }
  const { head, headLength } = exchange;
  if (room > 512) head.set(memory.subarray(start, start + room), headLength);
  // A view of the ring for each request costs more than its few hundred bytes do one by one.
  else for (let i = 0; i < room; i++) head[headLength + i] = memory[start + i] ?? 0;
  exchange.headLength = needed;
}

/** headBytes is how many of bytes[start, start + length) a head has, all when it does not end there: a body's beginning is of no use. */
export function headBytes(bytes: Uint8Array, start: number, length: number): number {
  // Most requests have no body, and end as their head does.
  const end = start + length;
  if (length < 4 || endsHead(bytes, end - 1)) return length;
  for (let at = start + 3; at < end; at++) if (bytes[at] === LF && endsHead(bytes, at)) return at + 1 - start;
  return length;
}

const CR = 13;
const LF = 10;

/** endsHead says whether the byte at `at` is the last of an empty line. */
const endsHead = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === LF && bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR;
