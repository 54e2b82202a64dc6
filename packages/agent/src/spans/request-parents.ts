import { Role } from "../events/layout.js";
import type { Exchange } from "./exchange.js";
import { idLayout } from "./ids.js";
import { keyOf, newWaitingItems } from "./waiting-items.js";

/** RoutineItem is what a goroutine did: a call, a line of a log. */
export interface RoutineItem {
  readonly tgid: number;
  /** routine is its number; routineOfExchange() where the request is known by its own. */
  readonly routine: number;
  readonly parentRoutine: number;
  readonly startNs: number;
  readonly endNs: number;
}

/** routineOfExchange stands for the goroutine of a request that no goroutine serves, by its exchange's number. */
export const routineOfExchange = (number: number): number => -number;

/** ParentSpan is the span that an item belongs to. */
export interface ParentSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly startNs: number;
}

/** ServedRequest is what must be known of a request that may be a parent. */
export type ServedRequest = Pick<
  Exchange,
  "role" | "tgid" | "goid" | "startNs" | "endNs" | "handlerEnded" | "ids"
> & {
  /** number is its exchange's; absent where a goroutine always serves it. */
  readonly number?: number;
};

/** InnerSpan is a span that a goroutine made itself while it served a request, or nothing (made/). */
export type InnerSpan = Pick<Exchange, "tgid" | "goid" | "startNs" | "endNs" | "ids">;

/**
 * RequestParents finds what an item belongs to: the request that its goroutine, or the one that started it, serves; within it the
 * innermost span that this goroutine made itself.
 */
export interface RequestParents<T extends RoutineItem> {
  /** spanDone is told every such span. */
  spanDone(span: InnerSpan): void;
  /** exchangeDone is told every exchange when it has its identity. */
  exchangeDone(exchange: ServedRequest): void;
  /** wait takes an item until its request is, or until it is clear that there is none. */
  wait(item: T): void;
  /** settle gives up waiting where no request is open; `nowNs` is CLOCK_MONOTONIC. */
  settle(nowNs: number, isServing: (tgid: number, routine: number) => boolean): void;
  /** flush gives up waiting for everything. */
  flush(): void;
}

interface Served {
  readonly startNs: number;
  readonly endNs: number;
  readonly span: ParentSpan;
}

// A request's record and an item's come by different buffers: what was not told by then is not there.
const patienceNs = 300_000_000;
const waitingLimit = 20_000;
// Requests that are over, of all goroutines: a line may be read later than its request, and others served in between.
const servedLimit = 16_384;
const makersLimit = 4096;
const innerLimit = 32;

/** newRequestParents makes one; `emit` takes each item with its parent. */
export function newRequestParents<T extends RoutineItem>(
  emit: (item: T, parent: ParentSpan | undefined) => void,
): RequestParents<T> {
  const waiting = newWaitingItems<T>((item) => emit(item, find(item)?.span));
  const served = newServedRequests();
  const inner = new Map<string, Served[]>();

  const within = ({ startNs, endNs }: Served, item: T): boolean =>
    item.startNs >= startNs && item.startNs <= endNs;
  const find = (item: T): Served | undefined => {
    for (const routine of [item.routine, item.parentRoutine]) {
      if (routine === 0) continue;
      const key = keyOf(item.tgid, routine);
      // Those inside of others end before them, so that the first that fits is the innermost.
      const own = inner.get(key)?.find((span) => within(span, item));
      const found = own ?? served.at(key, item.startNs);
      if (found !== undefined && within(found, item)) return found;
    }
    return undefined;
  };
  const isFound = (item: T): boolean => find(item) !== undefined;

  return {
    exchangeDone(exchange) {
      const { role, goid, number = 0 } = exchange;
      if (role !== Role.server || (number === 0 && goid === 0)) return;
      const key = keyOf(exchange.tgid, goid === 0 ? routineOfExchange(number) : goid);
      served.add(key, servedOf(exchange));
      waiting.release(key, isFound);
    },
    spanDone(span) {
      const key = keyOf(span.tgid, span.goid);
      const before = inner.get(key) ?? [];
      makeRoom(inner, key);
      inner.set(key, [...before.slice(1 - innerLimit), servedOf(span)]);
      waiting.release(key, isFound);
    },
    wait(item) {
      if (waiting.counts().items >= waitingLimit || isFound(item)) emit(item, find(item)?.span);
      else waiting.add(item);
    },
    settle(nowNs, isServing) {
      waiting.releaseAll(
        (item) =>
          nowNs - item.endNs > patienceNs &&
          !isServing(item.tgid, item.routine) &&
          !isServing(item.tgid, item.parentRoutine),
      );
    },
    flush: () => waiting.releaseAll(() => true),
  };
}

interface ServedRequests {
  add(key: string, request: Served): void;
  /** at gives the last request of a goroutine that began by then. */
  at(key: string, ns: number): Served | undefined;
}

/** newServedRequests remembers the latest, by the goroutine that served them: that of a connection serves one after the other. */
function newServedRequests(): ServedRequests {
  const byKey = new Map<string, Served[]>();
  /** keys has the goroutine of each that is remembered, oldest at `next` once it is full. */
  const keys: string[] = [];
  let next = 0;

  const removeOldest = (key: string): void => {
    const list = byKey.get(key);
    list?.shift();
    if (list?.length === 0) byKey.delete(key);
  };

  return {
    add(key, request) {
      const oldest = keys[next];
      if (oldest !== undefined) removeOldest(oldest);
      keys[next] = key;
      next = (next + 1) % servedLimit;
      const list = byKey.get(key);
      if (list === undefined) byKey.set(key, [request]);
      else list.push(request);
    },
    at: (key, ns) => byKey.get(key)?.findLast(({ startNs }) => startNs <= ns),
  };
}

/** makeRoom takes a key, and what is oldest when there are too many, so that what is set next is the newest. */
function makeRoom(map: Map<string, unknown>, key: string): void {
  map.delete(key);
  for (const oldest of map.keys()) {
    if (map.size < makersLimit) break;
    map.delete(oldest);
  }
}

function servedOf({ startNs, endNs, ids }: InnerSpan): Served {
  return {
    startNs,
    endNs,
    span: {
      traceId: ids.slice(idLayout.trace, idLayout.trace + 16),
      spanId: ids.slice(idLayout.span, idLayout.span + 8),
      startNs,
    },
  };
}
