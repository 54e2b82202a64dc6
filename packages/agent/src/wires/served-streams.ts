import { streamExchange } from "../events/stream-layout.js";
import type { WireExchange } from "../protocols/wire.js";
import { untoldExchange } from "../spans/calls.js";
import { idLayout, keepThreshold } from "../spans/ids.js";
import type { StreamPlaces } from "./stream-places.js";
import type { Wire } from "./wire.js";

/**
 * ServedStreams are the requests by HTTP/2 and FastCGI that programs which are not Go's serve: what is done while a single one of a process has no
 * answer (no whole one by FastCGI, whose scripts write as they go) is done for that one. Nothing tells which of several a thread works for.
 */
export interface ServedStreams {
  /** asked takes one whose request was read by a thread; `isLate` says that its connection is older than the agent. */
  asked(exchange: WireExchange, wire: Wire, tid: number, isLate: boolean): void;
  /** ended gives it its place, and lets go of it. */
  ended(exchange: WireExchange): void;
  /**
   * parentOf gives the number of the request that a thread works for while it asks somebody: `parent` is the request by HTTP/1 that the
   * kernel side took for it, 0 for none. 0 where it may be one of several, untoldExchange where that request is not told. `ns` is CLOCK_MONOTONIC.
   */
  parentOf(tgid: number, tid: number, parent: number, ns: number): number;
  /** adopt: see Assembler; for numbers that parentOf gave. */
  adopt(number: number, tgid: number, ids: Uint8Array): boolean;
  processExited(tgid: number): void;
}

interface Served {
  readonly number: number;
  readonly exchange: WireExchange;
  readonly wire: Wire;
  /** The thread that has read it. */
  readonly tid: number;
  /** How much of its answer had been seen when somebody last looked, and when that last was more. */
  answered: number;
  activeNs: number;
}

interface Process {
  /** Those without an end, by their numbers. */
  readonly streams: Map<number, Served>;
  /** Threads that asked somebody while none was there, and when last: they have business of their own. */
  readonly alone: Map<number, number>;
  /** Until then it may be at work for requests that are not among the streams. */
  blindUntil: number;
}

// Streams of a process that are not over; servers allow a client 100 to 250.
const streamLimit = 4096;
// Threads of a process; more than a pool has.
const threadLimit = 1024;
const aloneNs = 60_000_000_000;
// Who serves a request goes on for a while when its client has given it up (a deadline), and may ask again at once; older connections
// may have requests that nobody saw begin.
const blindNs = 10_000_000_000;
// A stream of messages that has sent none for so long has nothing to ask for.
const activeNs = 10_000_000_000;
// Of a stream whose end may have gone by unseen, nobody is taken to work for longer than this.
const doubtNs = 60_000_000_000;
const numbers = streamExchange - 1;

/** newServedStreams knows none; `servesOther` says whether a process serves a request by HTTP/1 that has no answer. */
export function newServedStreams(
  places: Pick<StreamPlaces, "served" | "isLeftOut">,
  servesOther: (tgid: number) => boolean,
): ServedStreams {
  const processes = new Map<number, Process>();
  const known = new WeakMap<WireExchange, Served>();
  const lateSeen = new WeakSet<Wire>();
  let numbered = 0;

  const processOf = (tgid: number): Process => {
    let process = processes.get(tgid);
    if (process === undefined) {
      process = { streams: new Map(), alone: new Map(), blindUntil: 0 };
      processes.set(tgid, process);
    }
    return process;
  };

  return {
    asked(exchange, wire, tid, isLate) {
      const process = processOf(wire.process.tgid);
      const { streams } = process;
      const isFull = streams.size >= streamLimit;
      if (isFull || (isLate && !lateSeen.has(wire))) process.blindUntil = exchange.startNs + blindNs;
      if (isLate) lateSeen.add(wire);
      if (isFull) return;
      numbered = (numbered + 1) & numbers;
      const served = { number: numbered, exchange, wire, tid, answered: 0, activeNs: 0 };
      streams.set(numbered, served);
      known.set(exchange, served);
    },
    ended(exchange) {
      const served = known.get(exchange);
      if (served === undefined) return;
      places.served(exchange, served.wire);
      const process = processes.get(served.wire.process.tgid);
      process?.streams.delete(served.number);
      if (process !== undefined && exchange.firstByteNs === 0) process.blindUntil = exchange.endNs + blindNs;
    },
    parentOf(tgid, tid, parent, ns) {
      const process = processes.get(tgid);
      if (process === undefined || parent === untoldExchange) return parent;
      const { streams, alone, blindUntil } = process;
      const all = [...streams.values()].filter(
        ({ exchange: { firstByteNs, doubt, startNs } }) =>
          firstByteNs > 0 || doubt === "" || ns - startNs < doubtNs,
      );
      const open = all.filter(({ exchange }) => exchange.firstByteNs === 0 || exchange.stream === 0);
      if (parent !== 0) {
        // A thread that reads both is a loop, and does either's work.
        return open.some((each) => each.tid === tid) ? 0 : parent;
      }
      if (open.length === 0) {
        if (alone.size < threadLimit || alone.has(tid)) alone.set(tid, ns);
        return 0;
      }
      const [only] = open;
      if (only === undefined || open.length > 1 || !only.exchange.isSent || ns < blindUntil) return 0;
      // Its answer may have been in what was not seen.
      if (only.exchange.doubt !== "") return 0;
      // A stream of messages may ask for its next one at any time: a loop does, other threads are seen to while it is the only one.
      if (all.some((each) => each !== only && (each.tid === tid || isActive(each, ns)))) return 0;
      if (tid !== only.tid && ns - (alone.get(tid) ?? Number.NEGATIVE_INFINITY) < aloneNs) {
        // A request may wait for longer than that.
        alone.set(tid, ns);
        return 0;
      }
      if (servesOther(tgid)) return 0;
      places.served(only.exchange, only.wire);
      return places.isLeftOut(only.exchange) ? untoldExchange : only.number | streamExchange;
    },
    adopt(number, tgid, ids) {
      const served = processes.get(tgid)?.streams.get(number & numbers);
      if (served === undefined) return false;
      const place = places.served(served.exchange, served.wire);
      if (places.isLeftOut(served.exchange)) return false;
      for (let i = 0; i < 16; i++) ids[idLayout.trace + i] = place.ids[idLayout.trace + i] ?? 0;
      for (let i = 0; i < 8; i++) ids[idLayout.parent + i] = place.ids[idLayout.span + i] ?? 0;
      keepThreshold(ids, place.threshold);
      return true;
    },
    processExited: (tgid) => void processes.delete(tgid),
  };
}

/** isActive says whether a stream whose answer has begun has sent more of it lately. */
function isActive(served: Served, ns: number): boolean {
  if (served.exchange.responseBytes !== served.answered) {
    served.answered = served.exchange.responseBytes;
    served.activeNs = ns;
  }
  return ns - served.activeNs < activeNs;
}
