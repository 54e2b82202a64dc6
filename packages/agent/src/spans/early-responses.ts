import type { ResponseEvent } from "../events/event.js";

/** EarlyResponses keeps answers that were told before their requests, for the moment that it takes. */
export interface EarlyResponses {
  /** keep copies the event; false when there is no room, which only a broken order of records could cause. */
  keep(event: ResponseEvent): boolean;
  take(exchange: number): ResponseEvent | undefined;
  /** expire forgets answers whose request never came and gives their number; `nowNs` is CLOCK_MONOTONIC. */
  expire(nowNs: number): number;
}

const limit = 1024;
// A send returns within microseconds of its bytes' departure; on a machine that stands still, within a second or so.
const patienceNs = 2_000_000_000;
const tailBytes = 8;

/** newEarlyResponses makes an empty table. */
export function newEarlyResponses(): EarlyResponses {
  const kept = new Map<number, ResponseEvent>();
  return {
    keep(event) {
      if (kept.size >= limit) return false;
      kept.set(event.exchange, copyOf(event));
      return true;
    },
    take(exchange) {
      if (kept.size === 0) return undefined;
      const event = kept.get(exchange);
      kept.delete(exchange);
      return event;
    },
    expire(nowNs) {
      let lost = 0;
      for (const [exchange, event] of kept) {
        if (nowNs - event.ns <= patienceNs) continue;
        kept.delete(exchange);
        lost++;
      }
      return lost;
    },
  };
}

/** copyOf takes what the event points to out of the ring buffer: tail, route, head, one behind the other. */
function copyOf(event: ResponseEvent): ResponseEvent {
  const { memory } = event;
  const route = tailBytes;
  const head = route + event.routeLength;
  const copy = new Uint8Array(head + event.headLength);
  copy.set(memory.subarray(event.tail, event.tail + tailBytes));
  copy.set(memory.subarray(event.route, event.route + event.routeLength), route);
  copy.set(memory.subarray(event.head, event.head + event.headLength), head);
  return { ...event, memory: copy, tail: 0, route, head };
}
