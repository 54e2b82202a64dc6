import { Role } from "../events/layout.js";
import { streamExchange } from "../events/stream-layout.js";
import type { MadeSpans } from "../made/made-spans.js";
import { reaches, readThreshold } from "../sampling/threshold.js";
import { type ClientRequests, newClientRequests } from "./connections.js";
import type { Exchange } from "./exchange.js";
import { newRequestHead, parseRequestHead, type RequestHead } from "./head.js";
import { fillRandom, idLayout, keepThreshold, keptThreshold, readTraceparent } from "./ids.js";
import type { OpenExchanges } from "./open-exchanges.js";

/** ExchangeIds gives exchanges their places in traces. */
export interface ExchangeIds {
  /** identify gives an exchange its trace, its span id and its parent, once. */
  identify(exchange: Exchange, head: RequestHead): void;
  /** identifyUntraced is identify for a head without a traceparent. */
  identifyUntraced(exchange: Exchange): void;
  /** identifyClient is identify for a client's request, whose parent is a server request of the same process. */
  identifyClient(exchange: Exchange, parentNumber: number): void;
  /** isUntold: see Assembler. */
  isUntold(number: number, tgid: number): boolean;
  /** adopt: see Assembler. */
  adopt(number: number, tgid: number, ids: Uint8Array): boolean;
}

/** OtherParents are where parents are found that are no exchanges. */
export interface OtherParents {
  /** adoptStream does what adopt does for exchanges that are streams of HTTP/2. */
  readonly adoptStream?: (number: number, tgid: number, ids: Uint8Array) => boolean;
  /** streamHost is the host that such an exchange named, "" when it is not open. */
  readonly streamHost?: (number: number, tgid: number) => string;
  /** enclosing: see MadeSpans. */
  readonly enclosing?: MadeSpans["enclosing"];
}

/** newExchangeIds makes one that has met nobody. */
export function newExchangeIds(
  open: Pick<OpenExchanges, "get">,
  options: OtherParents,
  drop: (reason: string) => void,
): ExchangeIds {
  const clients: ClientRequests = newClientRequests();
  const requestHead = newRequestHead();
  const fromHeader = new Uint8Array(idLayout.size);

  const identifyUntraced = (exchange: Exchange): void => {
    if (exchange.identified) return;
    exchange.identified = true;
    fillRandom(exchange.ids, idLayout.span, 8);
    if (exchange.role === Role.server && clients.claim(exchange)) exchange.hasParent = true;
    else if (exchange.said.length > 0) exchange.ids.set(exchange.said, idLayout.trace);
    // The bits that reached the threshold are the trace id's last 7 bytes already.
    else if (!exchange.hasParent) fillRandom(exchange.ids, idLayout.trace, exchange.threshold > 0 ? 9 : 16);
  };

  const identify = (exchange: Exchange, head: RequestHead): void => {
    if (exchange.identified) return;
    // What an absolute target names is where a proxy is to send it, not the proxy.
    if (exchange.role === Role.server && head.path.start <= head.method.end + 1) {
      exchange.host.start = head.host.start;
      exchange.host.end = head.host.end;
    }
    if (readTraceparent(exchange.head, head.traceparent, fromHeader) && !sameTraceAsParent(exchange)) {
      exchange.ids.set(fromHeader.subarray(idLayout.trace, idLayout.trace + 16), idLayout.trace);
      exchange.ids.set(fromHeader.subarray(idLayout.parent, idLayout.parent + 8), idLayout.parent);
      exchange.hasParent = true;
      exchange.remoteParent = true;
      exchange.threshold = Math.max(exchange.threshold, readThreshold(exchange.head, head.tracestate));
      exchange.identified = true;
      fillRandom(exchange.ids, idLayout.span, 8);
    } else identifyUntraced(exchange);
  };

  /** A client that passes its own trace's header on has its server request for a parent, which is nearer. */
  const sameTraceAsParent = (exchange: Exchange): boolean =>
    exchange.role === Role.client &&
    exchange.hasParent &&
    equal(exchange.ids, fromHeader, idLayout.trace, 16);

  /** openOf gives an open exchange with its place in a trace. */
  const openOf = (number: number, tgid: number): Exchange | undefined => {
    const found = open.get(number);
    if (found === undefined || found.tgid !== tgid) return undefined;
    // A handler with several queries is asked for each: its head was half of what they cost.
    if (!found.identified) {
      parseRequestHead(found.head, 0, found.headLength, requestHead);
      identify(found, requestHead);
    }
    return found;
  };

  const adopt = (number: number, tgid: number, ids: Uint8Array): boolean => {
    if ((number & streamExchange) !== 0) return options.adoptStream?.(number, tgid, ids) === true;
    const parent = openOf(number, tgid);
    if (parent === undefined || parent.untold) return false;
    for (let i = 0; i < 16; i++) ids[idLayout.trace + i] = parent.ids[idLayout.trace + i] ?? 0;
    for (let i = 0; i < 8; i++) ids[idLayout.parent + i] = parent.ids[idLayout.span + i] ?? 0;
    keepThreshold(ids, parent.threshold);
    return true;
  };

  /** identifyAsSaid gives a client's request the ids that went out with it. */
  const identifyAsSaid = (exchange: Exchange): void => {
    if (exchange.hasParent && !equal(exchange.ids, exchange.said, idLayout.trace, 16)) {
      // Its receiver follows what was said: a parent in another trace would be none.
      exchange.hasParent = false;
      drop("said-another-trace");
    }
    exchange.ids.set(exchange.said, idLayout.trace);
    exchange.identified = true;
  };

  /** isHostOf says whether a request of a client names the host that the request named which it is done for. */
  const isHostOf = (
    parentNumber: number,
    tgid: number,
    { head }: Exchange,
    { host }: RequestHead,
  ): boolean => {
    if (host.start < 0) return false;
    if ((parentNumber & streamExchange) !== 0)
      return options.streamHost?.(parentNumber, tgid) === head.toString("latin1", host.start, host.end);
    const parent = open.get(parentNumber);
    if (parent === undefined) return false;
    const named = parent.host;
    return (
      named.end > named.start && head.compare(parent.head, named.start, named.end, host.start, host.end) === 0
    );
  };

  /** choose decides for a request that nobody asked for, where the kernel side has left that to us. */
  const choose = (exchange: Exchange): void => {
    const { process, hasParent, threshold, ids } = exchange;
    if (hasParent || threshold > 0 || exchange.untold || process.servesStreams !== true) return;
    exchange.threshold = process.sampling?.threshold ?? 0;
    exchange.untold = !reaches(ids, idLayout.trace, exchange.threshold);
  };

  const identifyClient = (exchange: Exchange, parentNumber: number): void => {
    const { tgid, goid, ids } = exchange;
    const isServed = parentNumber !== 0 && adopt(parentNumber, tgid, ids);
    exchange.hasParent = options.enclosing?.(tgid, goid, ids, isServed) === true || isServed;
    if (exchange.hasParent) exchange.threshold = isServed ? keptThreshold(ids) : 0;
    else exchange.process.orphans++;
    parseRequestHead(exchange.head, 0, exchange.headLength, requestHead);
    exchange.passesHost = isServed && isHostOf(parentNumber, tgid, exchange, requestHead);
    // A header of the program's own is what was said.
    if (exchange.said.length > 0 && requestHead.traceparent.start < 0) identifyAsSaid(exchange);
    identify(exchange, requestHead);
    choose(exchange);
    clients.sent(exchange);
  };

  const isUntold = (number: number, tgid: number): boolean => openOf(number, tgid)?.untold === true;

  return { identify, identifyUntraced, identifyClient, adopt, isUntold };
}

function equal(a: Uint8Array, b: Uint8Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (a[i] !== b[i]) return false;
  return true;
}
