import { Role } from "../events/layout.js";
import type { Exchange } from "./exchange.js";
import { idLayout } from "./ids.js";

/** RoutineItem is what a goroutine did: a item, a line of a log. */
export interface RoutineItem {
  readonly tgid: number;
  readonly routine: number;
  readonly parentRoutine: number;
  readonly startNs: number;
  readonly endNs: number;
}

/** ParentSpan is the span that an item belongs to. */
export interface ParentSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
}

/** ServedRequest is what must be known of a request that may be a parent. */
export type ServedRequest = Pick<
  Exchange,
  "role" | "tgid" | "goid" | "startNs" | "endNs" | "handlerEnded" | "ids"
>;

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
const servedLimit = 4096;
const innerLimit = 32;

/** newRequestParents makes one; `emit` takes each item with its parent. */
export function newRequestParents<T extends RoutineItem>(
  emit: (item: T, parent: ParentSpan | undefined) => void,
): RequestParents<T> {
  const waiting = new Map<string, T[]>();
  const served = new Map<string, Served>();
  const inner = new Map<string, Served[]>();
  let count = 0;
  const keyOf = (tgid: number, routine: number): string => `${tgid}:${routine}`;

  const within = ({ startNs, endNs }: Served, item: T): boolean =>
    item.startNs >= startNs && item.startNs <= endNs;
  const find = (item: T): Served | undefined => {
    for (const routine of [item.routine, item.parentRoutine]) {
      if (routine === 0) continue;
      const key = keyOf(item.tgid, routine);
      // Those inside of others end before them, so that the first that fits is the innermost.
      const own = inner.get(key)?.find((span) => within(span, item));
      const found = own ?? served.get(key);
      if (found !== undefined && within(found, item)) return found;
    }
    return undefined;
  };
  const keep = (routine: number, item: T): void => {
    const key = keyOf(item.tgid, routine);
    const list = waiting.get(key);
    if (list === undefined) waiting.set(key, [item]);
    else list.push(item);
  };
  const release = (chosen: (item: T) => boolean): void => {
    for (const [key, list] of waiting) {
      const left: T[] = [];
      for (const item of list) {
        if (!chosen(item)) left.push(item);
        else {
          count--;
          emit(item, find(item)?.span);
        }
      }
      if (left.length === 0) waiting.delete(key);
      else waiting.set(key, left);
    }
  };

  return {
    exchangeDone(exchange) {
      if (exchange.role !== Role.server || exchange.goid === 0) return;
      const key = keyOf(exchange.tgid, exchange.goid);
      makeRoom(served, key);
      served.set(key, servedOf(exchange));
      if (count > 0) release((item) => find(item) !== undefined);
    },
    spanDone(span) {
      const key = keyOf(span.tgid, span.goid);
      const before = inner.get(key) ?? [];
      makeRoom(inner, key);
      inner.set(key, [...before.slice(1 - innerLimit), servedOf(span)]);
      if (count > 0) release((item) => find(item) !== undefined);
    },
    wait(item) {
      if (count >= waitingLimit || find(item) !== undefined) return emit(item, find(item)?.span);
      count++;
      keep(item.routine, item);
    },
    settle(nowNs, isServing) {
      if (count === 0) return;
      release(
        (item) =>
          nowNs - item.endNs > patienceNs &&
          !isServing(item.tgid, item.routine) &&
          !isServing(item.tgid, item.parentRoutine),
      );
    },
    flush: () => release(() => true),
  };
}

/** makeRoom takes a key, and what is oldest when there are too many, so that what is set next is the newest. */
function makeRoom(map: Map<string, unknown>, key: string): void {
  map.delete(key);
  for (const oldest of map.keys()) {
    if (map.size < servedLimit) break;
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
    },
  };
}
