import type {
  AgainEvent,
  EndEvent,
  HandOverEvent,
  HeadEvent,
  MoreEvent,
  RequestEvent,
  ResponseEvent,
  UnixPathEvent,
} from "../events/event.js";
import {
  addressSize,
  EndReason,
  familyUnix,
  RequestFlag,
  Role,
  routeSlot,
  tlsShift,
} from "../events/layout.js";
import { newAnswerHead } from "./answer-head.js";
import { untoldExchange } from "./calls.js";
import { newConnectionSlots } from "./connection-slots.js";
import { newEarlyResponses } from "./early-responses.js";
import {
  appendHead,
  type ConnectionSlot,
  type Exchange,
  headBytes,
  newExchangePool,
  resetExchange,
} from "./exchange.js";
import { newExchangeIds, type OtherParents } from "./exchange-ids.js";
import {
  newRequestHead,
  newResponseHead,
  parseRequestHead,
  parseResponseHead,
  type RequestHead,
} from "./head.js";
import { idLayout } from "./ids.js";
import { newOpenExchanges } from "./open-exchanges.js";
import { becomeRepeat, copyAnswer, copyRequest, keepOriginal } from "./originals.js";
import type { ProcessSpans } from "./process-spans.js";
import { routineOfExchange } from "./request-parents.js";
import { responseIsDone } from "./response-end.js";
import type { SpanTemplate } from "./template.js";
import { newTexts } from "./texts.js";
import { socketPath } from "./unix-path.js";

/** AssemblerOptions are what the assembler needs from around it. */
export interface AssemblerOptions extends OtherParents {
  /** processOf gives the observed process; undefined for one that is no longer watched. */
  readonly processOf: (tgid: number) => ProcessSpans | undefined;
  /** emit takes a finished exchange and its parsed head, valid during the call; `failure` is "" or an error.type. */
  readonly emit: (exchange: Exchange, head: RequestHead, failure: string) => void;
  /** repeat takes a finished exchange that its connection's template describes. */
  readonly repeat: (exchange: Exchange, template: SpanTemplate) => void;
}

/** AssemblerCounts says what could not become a span. */
export interface AssemblerCounts {
  /** openExchanges are requests without their response yet. */
  readonly openExchanges: number;
  /** dropped counts by reason: "no-request" (response of a request that was never seen), "no-original" (repetition of one), "replaced", "stale", "too-many-open". */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Assembler joins the kernel's records of an exchange to one finished exchange with its place in a trace. */
export interface Assembler {
  request(event: RequestEvent): void;
  head(event: HeadEvent): void;
  handOver(event: HandOverEvent): void;
  unixPath(event: UnixPathEvent): void;
  response(event: ResponseEvent): void;
  again(event: AgainEvent): void;
  more(event: MoreEvent): void;
  end(event: EndEvent): void;
  /** adopt puts trace id and span id of an open exchange, as its parent's, into a span's ids; false when it is not open. */
  adopt(number: number, tgid: number, ids: Uint8Array): boolean;
  /** isUntold says of an open exchange whether sampling left out what it was asked for. */
  isUntold(number: number, tgid: number): boolean;
  /** processExited finishes what a process left open. */
  processExited(tgid: number, ns: number): void;
  /** sweep finishes exchanges whose last record got lost or never comes; `nowNs` is CLOCK_MONOTONIC. */
  sweep(nowNs: number): void;
  /** serves says whether a process serves a request that has no answer yet. */
  serves(tgid: number): boolean;
  /** serving lists the goroutines that serve a request now, as "tgid:goid"; see routineOfExchange. */
  serving(): ReadonlySet<string>;
  counts(): AssemblerCounts;
}

// A complete response whose handler is still running after this long is shown without waiting for the handler.
const handlerWaitNs = 2_000_000_000;
// One that began before the probe on handlers' ends was there is not told its end; later ones may teach its route.
const learnWaitNs = 300_000_000;
// An exchange without any sign of life is given up after this long: its end was lost with the ring buffer's overflow.
const staleNs = 600_000_000_000;
// Exchanges of processes that nobody asked for, or whose client has gone, until their answer came.
const unaskedLimit = 10_000;
// Exchanges that are open at once; more means that ends get lost faster than the sweep finds them.
const openLimit = 100_000;

/** newAssembler makes an assembler with nothing open. */
export function newAssembler(options: AssemblerOptions): Assembler {
  const open = newOpenExchanges();
  const pool = newExchangePool();
  const requestHead = newRequestHead();
  const responseHead = newResponseHead();
  const connections = newConnectionSlots();
  const early = newEarlyResponses();
  const unasked = new Set<number>();
  const texts = newTexts();
  const dropped: Record<string, number> = {};

  const drop = (reason: string): void => {
    dropped[reason] = (dropped[reason] ?? 0) + 1;
  };

  /** readRoute takes a route that is whole: several begin alike where one was cut, and one of them would stand for all. */
  const readRoute = (exchange: Exchange, { memory, route, routeLength }: ResponseEvent | EndEvent): void => {
    if (routeLength > 0 && routeLength < routeSlot) exchange.pattern = texts.of(memory, route, routeLength);
  };

  /** expectNothing has an exchange's answer passed over. */
  const expectNothing = (exchange: number): void => {
    if (unasked.size >= unaskedLimit) unasked.clear();
    unasked.add(exchange);
  };

  const { identify, identifyUntraced, identifyClient, adopt, isUntold } = newExchangeIds(open, options, drop);

  const finish = (exchange: Exchange, failure: string): void => {
    const { slot } = exchange;
    const template = slot?.template;
    if (failure === "" && template?.matches(exchange)) tellAsTemplate(exchange, template);
    else tellWhole(exchange, failure);
    open.remove(exchange);
    if (slot?.exchange === exchange) slot.exchange = undefined;
    if (slot !== undefined) slot.last = exchange.number;
    if (slot !== undefined && slot.requests > 1 && exchange.role === Role.server)
      keepOriginal(slot, exchange, pool);
    else pool.give(exchange);
  };

  const tellAsTemplate = (exchange: Exchange, template: SpanTemplate): void => {
    identifyUntraced(exchange);
    if (!leavesOut(exchange)) options.repeat(exchange, template);
  };

  const tellWhole = (exchange: Exchange, failure: string): void => {
    parseRequestHead(exchange.head, 0, exchange.headLength, requestHead);
    identify(exchange, requestHead);
    if (!leavesOut(exchange)) options.emit(exchange, requestHead, failure);
  };

  /** leavesOut counts a finished request that is not told. */
  const leavesOut = ({ untold, role, process }: Exchange): boolean => {
    if (untold && role === Role.server) process.untold = (process.untold ?? 0) + 1;
    return untold;
  };

  const discard = (exchange: Exchange): void => {
    open.remove(exchange);
    if (exchange.slot !== undefined && exchange.slot.exchange === exchange)
      exchange.slot.exchange = undefined;
    pool.give(exchange);
  };

  /** replace ends what was open on the connection: without a length only the next request tells where a response ends. */
  const replace = (exchange: Exchange): void => {
    const slot = connections.slotOf(exchange);
    endBefore(slot);
    slot.requests++;
    slot.exchange = exchange;
    exchange.slot = slot;
  };

  const endBefore = ({ exchange }: ConnectionSlot): void => {
    if (exchange === undefined) return;
    if (exchange.responseStarted) finish(exchange, "");
    else {
      drop("replaced");
      discard(exchange);
    }
  };

  /** settle finishes an exchange whose response is complete, unless the handler's end is still to come. */
  const settle = (exchange: Exchange): void => {
    if (!exchange.responseDone && !exchange.handlerEnded) return;
    const waits = exchange.role === Role.server && exchange.process.handlerEndsTold && !exchange.handlerEnded;
    if (!waits) finish(exchange, "");
  };

  /** readAnswer fills responseHead, from what the connection's last response said when this one says the same. */
  const readAnswer = ({ slot }: Exchange, { memory, head, headLength }: ResponseEvent): boolean => {
    const end = head + headLength;
    if (slot?.answer?.recall(memory, head, end, responseHead)) return true;
    if (!parseResponseHead(memory, head, end, responseHead)) return false;
    if (slot !== undefined && slot.requests > 1 && responseHead.complete) {
      slot.answer ??= newAnswerHead();
      slot.answer.keep(memory, head, responseHead);
    }
    return true;
  };

  const onResponse = (event: ResponseEvent): void => {
    const exchange = open.get(event.exchange);
    if (exchange === undefined) {
      if (unasked.size > 0 && unasked.delete(event.exchange)) return;
      // A client may read the answer before its send has returned, which is when the request is told.
      if (event.role !== Role.client || !early.keep(event)) drop("no-request");
      return;
    }
    exchange.requestBytes = Math.max(exchange.requestBytes, event.requestBytes);
    exchange.responseBytes += event.bytes;
    exchange.endNs = event.handlerEndNs > 0 ? event.handlerEndNs : event.ns;
    exchange.responseStarted = true;
    readRoute(exchange, event);
    if (event.handlerEndNs > 0) exchange.handlerEnded = true;
    if (readAnswer(exchange, event)) {
      exchange.status = responseHead.status;
      exchange.responseContentLength = responseHead.contentLength;
      exchange.responseChunked = responseHead.chunked;
      exchange.responseHeadLength = responseHead.complete ? responseHead.length : -1;
    }
    exchange.responseDone = responseIsDone(exchange, event.memory, event.tail);
    settle(exchange);
  };

  return {
    request(event) {
      const process = options.processOf(event.tgid);
      if (process === undefined) {
        // A process that was told before anybody knew whether it is asked for: it is not, so nothing is lost.
        return expectNothing(event.exchange);
      }
      const old = open.get(event.exchange);
      if (old !== undefined) {
        drop("replaced");
        discard(old);
      }
      if (open.size() >= openLimit) return drop("too-many-open");
      const exchange = pool.take(process);
      resetExchange(exchange);
      exchange.number = event.exchange;
      exchange.role = event.role;
      exchange.tgid = event.tgid;
      exchange.goid = event.goid;
      exchange.startNs = event.ns;
      exchange.family = event.family;
      exchange.localPort = event.localPort;
      exchange.peerPort = event.peerPort;
      exchange.requestBytes = event.bytes;
      exchange.secure = event.flags >> tlsShift;
      exchange.sequence = event.sequence;
      copy(event.memory, event.localAddress, exchange.addresses, 0, addressSize);
      copy(event.memory, event.peerAddress, exchange.addresses, addressSize, addressSize);
      if (event.threshold > 0) {
        exchange.threshold = event.threshold;
        for (let i = 0; i < 7; i++)
          exchange.ids[idLayout.trace + 15 - i] = event.memory[event.randomness + i] ?? 0;
      }
      if ((event.flags & RequestFlag.identified) !== 0)
        exchange.said = event.memory.slice(event.trace, event.trace + (event.role === Role.client ? 24 : 16));
      appendHead(exchange, event.memory, event.head, headBytes(event.memory, event.head, event.headLength));
      replace(exchange);
      open.add(exchange);
      if (exchange.role === Role.client) process.calls++;
      else process.requests++;
      // Now, since the server request it belongs to may be over when the response comes; the server's own parent
      // can wait, and has to: its client's record may be a few microseconds behind.
      if (exchange.role !== Role.client) return;
      exchange.untold = event.parent === untoldExchange;
      identifyClient(exchange, event.parent);
      if (exchange.hasParent && event.hops >= (process.deepFrom ?? 2)) process.deep = (process.deep ?? 0) + 1;
      const answer = early.take(exchange.number);
      if (answer !== undefined) onResponse(answer);
    },
    head(event) {
      const exchange = open.get(event.exchange);
      if (exchange === undefined) return drop("no-request");
      appendHead(exchange, event.memory, event.text, event.textLength);
    },
    handOver({ exchange: number, goid }) {
      const exchange = open.get(number);
      if (exchange !== undefined) exchange.goid = goid;
    },
    unixPath({ memory, number, path, pathLength }) {
      const slot = open.get(number)?.slot;
      if (slot === undefined) return;
      const told = socketPath(memory, path, pathLength);
      if (told === slot.path) return;
      slot.path = told;
      slot.template?.forget();
    },
    response: onResponse,
    again(event) {
      const process = options.processOf(event.tgid);
      if (process === undefined) return;
      const slot = connections.find(Role.server, event.ports, event.tgid);
      const known = open.get(event.exchange);
      if (slot === undefined) return drop("no-original");
      if (known === undefined) {
        // Two processors told it at once: one that somebody needed it, the other all of it.
        if (slot.last === event.exchange) return;
        endBefore(slot);
      }
      const { original } = slot;
      if (original === undefined || slot.originalNumber !== event.original) return drop("no-original");
      if (known !== undefined) {
        if (event.endNs === 0) return;
        copyAnswer(original, event.endNs, known);
        finish(known, "");
        // For the probes the original is still the one that was told whole.
        if (slot.original === known) slot.originalNumber = event.original;
        return;
      }
      process.requests++;
      if (event.endNs === 0) {
        const exchange = pool.take(process);
        resetExchange(exchange);
        copyRequest(original, event, exchange);
        replace(exchange);
        open.add(exchange);
        return;
      }
      slot.requests++;
      slot.last = event.exchange;
      becomeRepeat(original, event);
      const { template } = slot;
      slot.matches ||= template?.matches(original) === true;
      if (slot.matches && template !== undefined) tellAsTemplate(original, template);
      else tellWhole(original, "");
    },
    more(event) {
      const exchange = open.get(event.exchange);
      if (exchange === undefined) return;
      exchange.requestBytes = Math.max(exchange.requestBytes, event.requestBytes);
      exchange.responseBytes = Math.max(exchange.responseBytes, event.responseBytes);
      if (!exchange.handlerEnded) exchange.endNs = event.ns;
      exchange.responseDone = responseIsDone(exchange, event.memory, event.tail);
      settle(exchange);
    },
    end(event) {
      const exchange = open.get(event.exchange);
      if (exchange === undefined) {
        if (event.reason === EndReason.untold) early.take(event.exchange);
        return;
      }
      exchange.requestBytes = Math.max(exchange.requestBytes, event.requestBytes);
      exchange.responseBytes = Math.max(exchange.responseBytes, event.responseBytes);
      readRoute(exchange, event);
      if (event.reason === EndReason.handler) {
        exchange.endNs = event.ns;
        exchange.handlerEnded = true;
        return finish(exchange, "");
      }
      // A body without length or chunks ends with its connection; any other end before the last byte is a failure.
      const delimited = exchange.responseContentLength < 0 && !exchange.responseChunked;
      const whole = exchange.responseDone || (exchange.responseStarted && delimited);
      if (!exchange.responseStarted) {
        exchange.endNs = event.ns;
        // What a server writes to a client that is gone is told behind the end that it brings about.
        if (exchange.role === Role.server) expectNothing(exchange.number);
      }
      finish(exchange, whole ? "" : "connection_closed");
    },
    adopt,
    isUntold,
    processExited(tgid, ns) {
      open.each((exchange) => {
        if (exchange.tgid !== tgid) return;
        if (!exchange.responseStarted) exchange.endNs = ns;
        finish(exchange, exchange.responseDone ? "" : "process_exited");
      });
    },
    sweep(nowNs) {
      connections.sweep(nowNs);
      for (let lost = early.expire(nowNs); lost > 0; lost--) drop("no-request");
      open.each((exchange) => {
        const patience = exchange.startNs < exchange.process.handlerEndsSinceNs ? learnWaitNs : handlerWaitNs;
        const isOver = exchange.responseDone || (exchange.responseStarted && isUntilClosed(exchange));
        if (isOver && nowNs - exchange.endNs > patience) finish(exchange, "");
        else if (nowNs - Math.max(exchange.startNs, exchange.endNs) > staleNs) {
          discard(exchange);
          drop("stale");
        }
      });
    },
    serves(tgid) {
      let found = false;
      // Looking through all costs microseconds; most of those that are asked about serve HTTP/2 alone.
      if (options.processOf(tgid)?.requests === 0) return found;
      open.each((exchange) => {
        found ||= exchange.tgid === tgid && exchange.role === Role.server && !exchange.responseStarted;
      });
      return found;
    },
    serving() {
      const routines = new Set<string>();
      open.each(({ role, tgid, goid, number }) => {
        if (role === Role.server) routines.add(`${tgid}:${goid === 0 ? routineOfExchange(number) : goid}`);
      });
      return routines;
    },
    counts: () => ({ openExchanges: open.size(), dropped: { ...dropped } }),
  };
}

/** isUntilClosed says whether an answer ends when a Unix socket is closed, which only its reader tells. */
const isUntilClosed = ({ family, responseContentLength, responseChunked }: Exchange): boolean =>
  family === familyUnix && responseContentLength < 0 && !responseChunked;

function copy(from: Uint8Array, at: number, into: Uint8Array, to: number, length: number): void {
  for (let i = 0; i < length; i++) into[to + i] = from[at + i];
}
