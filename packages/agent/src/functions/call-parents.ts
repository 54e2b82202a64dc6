import { Role } from "../events/layout.js";
import type { Exchange } from "../spans/exchange.js";
import { idLayout } from "../spans/ids.js";
import type { FunctionCall } from "./calls.js";

/** ParentSpan is the span that a call belongs to. */
export interface ParentSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
}

/** CallParents finds the request that a call was made for: the one its goroutine, or the one that started it, serves. */
export interface CallParents {
  /** exchangeDone is told every exchange when it has its identity. */
  exchangeDone(exchange: Exchange): void;
  /** wait takes a call that is over until its request is, or until it is clear that there is none. */
  wait(call: FunctionCall): void;
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

// A request's record and a call's come by different buffers: what was not told by then is not there.
const patienceNs = 300_000_000;
const waitingLimit = 20_000;
const servedLimit = 4096;

/** newCallParents makes one; `emit` takes each call with its parent. */
export function newCallParents(
  emit: (call: FunctionCall, parent: ParentSpan | undefined) => void,
): CallParents {
  const waiting = new Map<string, FunctionCall[]>();
  const served = new Map<string, Served>();
  let count = 0;
  const keyOf = (tgid: number, routine: number): string => `${tgid}:${routine}`;

  const within = ({ startNs, endNs }: Served, call: FunctionCall): boolean =>
    call.startNs >= startNs && call.startNs <= endNs;
  const find = (call: FunctionCall): Served | undefined => {
    for (const routine of [call.routine, call.parentRoutine]) {
      const found = routine === 0 ? undefined : served.get(keyOf(call.tgid, routine));
      if (found !== undefined && within(found, call)) return found;
    }
    return undefined;
  };
  const keep = (routine: number, call: FunctionCall): void => {
    const key = keyOf(call.tgid, routine);
    const list = waiting.get(key);
    if (list === undefined) waiting.set(key, [call]);
    else list.push(call);
  };
  const release = (chosen: (call: FunctionCall) => boolean): void => {
    for (const [key, list] of waiting) {
      const left: FunctionCall[] = [];
      for (const call of list) {
        if (!chosen(call)) left.push(call);
        else {
          count--;
          emit(call, find(call)?.span);
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
      const { ids } = exchange;
      served.delete(key);
      for (const oldest of served.keys()) {
        if (served.size < servedLimit) break;
        served.delete(oldest);
      }
      served.set(key, {
        startNs: exchange.startNs,
        endNs: exchange.endNs,
        span: {
          traceId: ids.slice(idLayout.trace, idLayout.trace + 16),
          spanId: ids.slice(idLayout.span, idLayout.span + 8),
        },
      });
      if (count > 0) release((call) => find(call) !== undefined);
    },
    wait(call) {
      if (count >= waitingLimit || find(call) !== undefined) return emit(call, find(call)?.span);
      count++;
      keep(call.routine, call);
    },
    settle(nowNs, isServing) {
      if (count === 0) return;
      release(
        (call) =>
          nowNs - call.endNs > patienceNs &&
          !isServing(call.tgid, call.routine) &&
          !isServing(call.tgid, call.parentRoutine),
      );
    },
    flush: () => release(() => true),
  };
}
