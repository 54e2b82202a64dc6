import { fillRandom } from "../spans/ids.js";
import type { FunctionPlan } from "./plan.js";
import type { CapturedError, CapturedValue } from "./values.js";

/** CapturedAttribute is a value with its attribute's name. */
export type CapturedAttribute = readonly [name: string, value: CapturedValue];

/** FunctionCall is a call that began; its end is filled in when it is known. */
export interface FunctionCall {
  readonly plan: FunctionPlan;
  readonly tgid: number;
  readonly tid: number;
  readonly routine: number;
  readonly parentRoutine: number;
  readonly depth: number;
  readonly startNs: number;
  readonly spanId: Uint8Array;
  /** parent is the observed call around it on its goroutine. */
  readonly parent: FunctionCall | undefined;
  /** traceId of a tree of calls without any other span around it; that of the outermost call. */
  readonly traceId: Uint8Array;
  readonly attributes: CapturedAttribute[];
  endNs: number;
  error: CapturedError | undefined;
  /** doubted: its goroutine has panicked since, so it may be over without a return. */
  doubted: boolean;
}

/** CallEvent is a record's head. */
export interface CallEvent {
  readonly tgid: number;
  readonly tid: number;
  readonly routine: number;
  readonly parentRoutine: number;
  readonly depth: number;
  readonly ns: number;
}

/** CallCounts says what could not be told. */
export interface CallCounts {
  readonly open: number;
  /** dropped by reason: "function-return-lost", "function-entry-lost", "function-too-many-open". */
  readonly dropped: Readonly<Record<string, number>>;
}

/** CallTracker pairs entries and returns. A return is only taken for the call it ends: same goroutine, function, stack depth. */
export interface CallTracker {
  enter(plan: FunctionPlan, event: CallEvent, attributes: CapturedAttribute[]): void;
  leave(
    plan: FunctionPlan,
    event: CallEvent,
    results: readonly CapturedAttribute[],
    error: CapturedError | undefined,
  ): void;
  /** panic: calls of this goroutine may be over without a return. */
  panic(event: CallEvent): void;
  /** goexit: calls of this goroutine will not return; nor will those of one that ends after a panic. */
  unwound(event: CallEvent, why: "goexit" | "panic"): void;
  /** requestOver ends the doubted calls that began within a request whose handler is over. */
  requestOver(tgid: number, routine: number, startNs: number, endNs: number): void;
  /** hasDoubts says whether any call is in doubt. */
  hasDoubts(): boolean;
  /** forget drops what a process has open: it ended, or is watched no more. */
  forget(tgid: number): void;
  counts(): CallCounts;
}

// Open calls at once, of all processes; more means that returns get lost.
const openLimit = 50_000;

/** newCallTracker makes one with nothing open; `done` takes each call that is over. */
export function newCallTracker(done: (call: FunctionCall) => void): CallTracker {
  // The calls that are open on each goroutine, outermost first.
  const stacks = new Map<string, FunctionCall[]>();
  const dropped: Record<string, number> = {};
  let open = 0;
  let doubts = 0;

  const drop = (reason: string): void => {
    dropped[reason] = (dropped[reason] ?? 0) + 1;
  };
  const keyOf = (event: CallEvent): string => `${event.tgid}:${event.routine}`;

  const finish = (call: FunctionCall, ns: number, error: CapturedError | undefined): void => {
    call.endNs = ns;
    if (call.doubted) doubts--;
    if (error !== undefined) call.error = error;
    done(call);
  };
  /** abandon ends a call whose return did not come: by a panic, or it was lost. */
  const abandon = (call: FunctionCall, ns: number): void => {
    open--;
    if (call.doubted) finish(call, ns, { type: "panic", text: "panic" });
    else drop("function-return-lost");
  };
  /** deeperGone takes the calls off a stack that are as deep as `depth` or deeper: what runs there now is another one. */
  const unwind = (stack: FunctionCall[], depth: number, ns: number): void => {
    for (let top = stack.at(-1); top !== undefined && top.depth >= depth; top = stack.at(-1)) {
      stack.pop();
      abandon(top, ns);
    }
  };

  return {
    enter(plan, event, attributes) {
      const key = keyOf(event);
      const stack = stacks.get(key);
      if (stack !== undefined && !plan.isLine) unwind(stack, event.depth, event.ns);
      // A call that may be over is nobody's parent: rather none than a wrong one.
      const parent = stack?.findLast((call) => !call.doubted && call.depth <= event.depth);
      const spanId = new Uint8Array(8);
      fillRandom(spanId, 0, 8);
      let traceId = parent?.traceId;
      if (traceId === undefined) {
        traceId = new Uint8Array(16);
        fillRandom(traceId, 0, 16);
      }
      const call: FunctionCall = {
        plan,
        tgid: event.tgid,
        tid: event.tid,
        routine: event.routine,
        parentRoutine: event.parentRoutine,
        depth: event.depth,
        startNs: event.ns,
        spanId,
        parent,
        traceId,
        attributes,
        endNs: event.ns,
        error: undefined,
        doubted: false,
      };
      if (plan.isLine || (plan.returns.length === 0 && !plan.uretprobe)) return done(call);
      if (open >= openLimit) return drop("function-too-many-open");
      open++;
      if (stack === undefined) stacks.set(key, [call]);
      else stack.push(call);
    },
    leave(plan, event, results, error) {
      const key = keyOf(event);
      const stack = stacks.get(key);
      if (stack !== undefined) unwind(stack, event.depth + 1, event.ns);
      const call = stack?.at(-1);
      if (stack === undefined || call === undefined || call.depth !== event.depth || call.plan !== plan) {
        // It was called before the probes were there, or its entry found no room.
        if (stack !== undefined && call?.depth === event.depth) unwind(stack, event.depth, event.ns);
        return drop("function-entry-lost");
      }
      stack.pop();
      if (stack.length === 0) stacks.delete(key);
      open--;
      call.attributes.push(...results);
      finish(call, event.ns, error);
    },
    panic(event) {
      for (const call of stacks.get(keyOf(event)) ?? []) {
        if (!call.doubted) doubts++;
        call.doubted = true;
      }
    },
    unwound(event, why) {
      const key = keyOf(event);
      const stack = stacks.get(key);
      stacks.delete(key);
      for (const call of stack?.reverse() ?? []) {
        open--;
        finish(call, event.ns, why === "panic" ? { type: "panic", text: "panic" } : undefined);
      }
    },
    requestOver(tgid, routine, startNs, endNs) {
      const key = `${tgid}:${routine}`;
      const stack = stacks.get(key);
      if (stack === undefined) return;
      const isOver = (call: FunctionCall): boolean =>
        call.doubted && call.startNs >= startNs && call.startNs <= endNs;
      const left = stack.filter((call) => !isOver(call));
      if (left.length === 0) stacks.delete(key);
      else stacks.set(key, left);
      for (const call of stack.filter(isOver).reverse()) abandon(call, endNs);
    },
    hasDoubts: () => doubts > 0,
    forget(tgid) {
      const prefix = `${tgid}:`;
      for (const [key, stack] of stacks) {
        if (!key.startsWith(prefix)) continue;
        open -= stack.length;
        doubts -= stack.filter((call) => call.doubted).length;
        stacks.delete(key);
      }
    },
    counts: () => ({ open, dropped: { ...dropped } }),
  };
}
