import type { MadePartEvent, MadeSink, MadeStartEvent } from "../events/made.js";
import { fillRandom, idLayout } from "../spans/ids.js";
import type { ProcessSpans } from "../spans/process-spans.js";

/** MadeSpan is a span that a program makes itself, while it is open. */
export interface MadeSpan {
  readonly process: ProcessSpans;
  readonly goid: number;
  /** Trace id, span id, parent span id; see idLayout. */
  readonly ids: Uint8Array;
  readonly hasParent: boolean;
  readonly tgid: number;
  /** startNs and endNs are when it was begun and ended (CLOCK_MONOTONIC), whatever times the program gave it. */
  readonly startNs: number;
  endNs: number;
  parts: Uint8Array[];
  received: number;
}

/** MadeSpansOptions are what is needed from around it. */
export interface MadeSpansOptions {
  readonly processOf: (tgid: number) => ProcessSpans | undefined;
  /** adopt puts the ids of an open server exchange into those of a span; false when it is not open. */
  readonly adopt: (exchange: number, tgid: number, ids: Uint8Array) => boolean;
  /** emit takes a span that has ended, with what it says: OTLP's JSON. */
  readonly emit: (span: MadeSpan, json: Uint8Array) => void;
}

/** MadeSpans gives the spans that programs make themselves their identity, and puts together what they say. */
export interface MadeSpans extends MadeSink {
  /**
   * enclosing puts the innermost span that a goroutine has open, as its parent's, into a span's ids; false when it has none. Of a
   * span that has a parent already only one of its own trace is taken: what a program forgot to end is no parent of the next request's.
   */
  enclosing(tgid: number, goid: number, ids: Uint8Array, hasParent: boolean): boolean;
  /** making lists the goroutines that have a span open, as "tgid:goid". */
  making(): Iterable<string>;
  processExited(tgid: number): void;
  /** dropped counts by reason: "made-span-lost" (a piece of it was), "made-span-left" (open for too long). */
  dropped(): Readonly<Record<string, number>>;
}

/** openLimit is how many the kernel side knows, too (madeSpans in probes/spans.go3s). */
const openLimit = 16384;

/** newMadeSpans makes one with nothing open. */
export function newMadeSpans(options: MadeSpansOptions): MadeSpans {
  const open = new Map<string, MadeSpan>();
  const routines = new Map<string, MadeSpan[]>();
  const counts = { "made-span-lost": 0, "made-span-left": 0 };
  const keyOf = (tgid: number, number: number): string => `${tgid}:${number}`;

  const remove = (key: string): MadeSpan | undefined => {
    const span = open.get(key);
    if (span === undefined) return undefined;
    open.delete(key);
    const routine = keyOf(span.tgid, span.goid);
    const left = routines.get(routine)?.filter((other) => other !== span) ?? [];
    if (left.length === 0) routines.delete(routine);
    else routines.set(routine, left);
    return span;
  };

  /** identify gives a new span its trace and its parent: its context's span, else the request that its goroutine works for. */
  const identify = (event: MadeStartEvent, ids: Uint8Array): boolean => {
    const above = event.above === 0 ? undefined : open.get(keyOf(event.tgid, event.above));
    if (above !== undefined) {
      become(ids, above.ids);
      return true;
    }
    if (event.parent !== 0 && options.adopt(event.parent, event.tgid, ids)) return true;
    fillRandom(ids, idLayout.trace, 16);
    return false;
  };

  return {
    madeStart(event) {
      const process = options.processOf(event.tgid);
      if (process === undefined) return;
      const key = keyOf(event.tgid, event.span);
      // The end of the last one at this address was lost.
      if (remove(key) !== undefined) counts["made-span-lost"]++;
      const [oldest] = open.keys();
      if (open.size >= openLimit && oldest !== undefined && remove(oldest) !== undefined)
        counts["made-span-left"]++;
      const ids = new Uint8Array(idLayout.size);
      fillRandom(ids, idLayout.span, 8);
      const hasParent = identify(event, ids);
      // Only the starts of goroutines tell those: whoever decides about that probe counts whom it served.
      if (hasParent && event.hops >= (process.deepFrom ?? 2)) process.deep = (process.deep ?? 0) + 1;
      const { tgid, goid, ns } = event;
      const own = { process, tgid, goid, ids, hasParent, startNs: ns, endNs: ns };
      const span: MadeSpan = { ...own, parts: [], received: 0 };
      open.set(key, span);
      const routine = keyOf(event.tgid, event.goid);
      routines.set(routine, [...(routines.get(routine) ?? []), span]);
    },
    madePart(event: MadePartEvent) {
      const key = keyOf(event.tgid, event.span);
      const span = open.get(key);
      if (span === undefined) return;
      if (event.at !== span.received || event.total === 0) {
        // What could not be read, or is too long, is counted where that was found out.
        if (event.total !== 0) counts["made-span-lost"]++;
        remove(key);
        return;
      }
      span.parts.push(event.memory.slice(event.text, event.text + event.textLength));
      span.received += event.textLength;
      if (span.received < event.total) return;
      remove(key);
      span.endNs = event.ns;
      options.emit(
        span,
        span.parts.length === 1 ? (span.parts[0] ?? event.memory) : Buffer.concat(span.parts),
      );
    },
    enclosing(tgid, goid, ids, hasParent) {
      if (open.size === 0) return false;
      const spans = routines.get(keyOf(tgid, goid));
      const span = spans?.findLast((each) => !hasParent || isSameTrace(each.ids, ids));
      if (span === undefined) return false;
      become(ids, span.ids);
      return true;
    },
    making: () => routines.keys(),
    processExited(tgid) {
      for (const [key, span] of open) if (span.tgid === tgid) remove(key);
    },
    dropped: () => counts,
  };
}

function isSameTrace(one: Uint8Array, other: Uint8Array): boolean {
  for (let at = idLayout.trace; at < idLayout.trace + 16; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** become makes a span with `ids` the child of another. */
function become(ids: Uint8Array, above: Uint8Array): void {
  ids.set(above.subarray(idLayout.trace, idLayout.trace + 16), idLayout.trace);
  ids.set(above.subarray(idLayout.span, idLayout.span + 8), idLayout.parent);
}
