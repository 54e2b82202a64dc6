import { streamExchange } from "../events/stream-layout.js";
import type { WireExchange } from "../protocols/wire.js";
import { untoldExchange } from "../spans/calls.js";
import { idLayout } from "../spans/ids.js";
import type { StreamPlaces } from "./stream-places.js";
import type { Wire } from "./wire.js";

/**
 * ServedStreams are the requests by HTTP/2 that programs which are not Go's serve: what is done while a single one of a process has no answer is
 * done for that one. Nothing tells which of several a thread works for.
 */
export interface ServedStreams {
  /** asked takes one whose request was read by a thread. */
  asked(exchange: WireExchange, wire: Wire, tid: number): void;
  /** ended gives it its place, and lets go of it. */
  ended(exchange: WireExchange): void;
  /**
   * parentOf gives the number of the request that a thread works for while it asks somebody: `parent` is the request by HTTP/1 that the
   * kernel side took for it, 0 for none. 0 where it may be one of several. `ns` is CLOCK_MONOTONIC.
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
}

interface Process {
  /** Those without an end, by their numbers. */
  readonly streams: Map<number, Served>;
  /** Threads that asked somebody while none was there, and when last: they have business of their own. */
  readonly alone: Map<number, number>;
}

// Streams of a process that are not over; servers allow a client 100 to 250.
const streamLimit = 4096;
// Threads of a process; more than a pool has.
const threadLimit = 1024;
const aloneNs = 60_000_000_000;
const numbers = streamExchange - 1;

/** newServedStreams knows none; `servesOther` says whether a process serves a request by HTTP/1 that has no answer. */
export function newServedStreams(
  places: Pick<StreamPlaces, "served" | "isLeftOut">,
  servesOther: (tgid: number) => boolean,
): ServedStreams {
  const processes = new Map<number, Process>();
  const known = new WeakMap<WireExchange, Served>();
  let numbered = 0;

  const processOf = (tgid: number): Process => {
    let process = processes.get(tgid);
    if (process === undefined) {
      process = { streams: new Map(), alone: new Map() };
      processes.set(tgid, process);
    }
    return process;
  };

  return {
    asked(exchange, wire, tid) {
      const { streams } = processOf(wire.process.tgid);
      if (streams.size >= streamLimit) return;
      numbered = (numbered + 1) & numbers;
      const served = { number: numbered, exchange, wire, tid };
      streams.set(numbered, served);
      known.set(exchange, served);
    },
    ended(exchange) {
      const served = known.get(exchange);
      if (served === undefined) return;
      places.served(exchange, served.wire);
      processes.get(served.wire.process.tgid)?.streams.delete(served.number);
    },
    parentOf(tgid, tid, parent, ns) {
      const process = processes.get(tgid);
      if (process === undefined || parent === untoldExchange) return parent;
      const { streams, alone } = process;
      if (streams.size === 0) {
        if (parent === 0 && (alone.size < threadLimit || alone.has(tid))) alone.set(tid, ns);
        return parent;
      }
      // An answer that has begun, of a stream of messages, says nothing of who works for it any more.
      const open = [...streams.values()].filter(({ exchange }) => exchange.firstByteNs === 0);
      // A thread that reads both is a loop, and does either's work.
      if (parent !== 0) return open.some((each) => each.tid === tid) ? 0 : parent;
      const [only] = open;
      if (only === undefined || open.length > 1 || !only.exchange.isSent || servesOther(tgid)) return 0;
      if (tid !== only.tid && ns - (alone.get(tid) ?? Number.NEGATIVE_INFINITY) < aloneNs) return 0;
      return only.number | streamExchange;
    },
    adopt(number, tgid, ids) {
      const served = processes.get(tgid)?.streams.get(number & numbers);
      if (served === undefined) return false;
      const place = places.served(served.exchange, served.wire);
      if (places.isLeftOut(served.exchange)) return false;
      for (let i = 0; i < 16; i++) ids[idLayout.trace + i] = place.ids[idLayout.trace + i] ?? 0;
      for (let i = 0; i < 8; i++) ids[idLayout.parent + i] = place.ids[idLayout.span + i] ?? 0;
      return true;
    },
    processExited: (tgid) => void processes.delete(tgid),
  };
}
