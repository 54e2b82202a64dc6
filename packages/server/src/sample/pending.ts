/** Decision is what became of a trace: kept or dropped. */
export type Decision = "kept" | "dropped";

/** DropReason is why spans were not kept. */
export type DropReason = "settled" | "timeout" | "evicted" | "late";

/** PendingOptions bound what waits. */
export interface PendingOptions {
  /** wait_ms after its first span a trace is decided whatever is missing. */
  readonly wait_ms: number;
  /** settle_ms after its root a trace is decided: other services' batches may still be on their way. */
  readonly settle_ms: number;
  /** memoryBytes bounds what waits; beyond it the oldest traces are decided at once. */
  readonly memoryBytes: number;
  readonly onDropped: (reason: DropReason, spans: number) => void;
}

/** Alone is one span in a request of its own. */
export interface Alone {
  readonly bytes: Buffer;
  readonly fused: boolean;
}

interface Trace {
  readonly firstAt: number;
  rootAt: number | undefined;
  bytes: number;
  readonly spans: Alone[];
}

/** SPAN_COST is what a waiting span takes beside its bytes: two objects, a share of its trace's key and entry. */
const SPAN_COST = 256;
/** DECIDED_MAX bounds the memory of decisions: some 20 MiB; the oldest are forgotten. */
const DECIDED_MAX = 100_000;

/** PendingTraces keeps spans of traces that are not decided yet, and what was decided, both bounded. */
export class PendingTraces {
  readonly #options: PendingOptions;
  readonly #traces = new Map<string, Trace>();
  /** Traces whose root is here, in the order in which it came. */
  readonly #rooted = new Set<string>();
  readonly #decided = new Map<string, Decision>();
  #bytes = 0;
  #spans = 0;

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  /** bytes and spans that wait, and their traces. */
  get waiting(): { readonly bytes: number; readonly spans: number; readonly traces: number } {
    return { bytes: this.#bytes, spans: this.#spans, traces: this.#traces.size };
  }

  /** decisionOf gives what was decided about a trace, if it is still known. */
  decisionOf(key: string): Decision | undefined {
    return this.#decided.get(key);
  }

  /** keep decides for a trace and gives its spans that waited. */
  keep(key: string): readonly Alone[] {
    this.#decide(key, "kept");
    return this.#take(key)?.spans ?? [];
  }

  /** add lets a span wait; of a trace that was decided to be dropped it is dropped. */
  add(key: string, span: Alone, isRoot: boolean, now: number): void {
    if (this.#decided.get(key) === "dropped") {
      this.#options.onDropped("late", 1);
      return;
    }
    let trace = this.#traces.get(key);
    if (trace === undefined) {
      trace = { firstAt: now, rootAt: undefined, bytes: 0, spans: [] };
      this.#traces.set(key, trace);
    }
    if (isRoot && trace.rootAt === undefined) {
      trace.rootAt = now;
      this.#rooted.add(key);
    }
    const cost = span.bytes.length + SPAN_COST;
    trace.bytes += cost;
    trace.spans.push(span);
    this.#bytes += cost;
    this.#spans++;
    while (this.#bytes > this.#options.memoryBytes) {
      const oldest = this.#traces.keys().next();
      if (oldest.done === true) return;
      this.#drop(oldest.value, "evicted");
    }
  }

  /** settle decides the traces whose time has come: nothing that would keep them has come. */
  settle(now: number): void {
    for (const key of this.#rooted) {
      const rootAt = this.#traces.get(key)?.rootAt;
      if (rootAt !== undefined && now - rootAt < this.#options.settle_ms) break;
      this.#drop(key, "settled");
    }
    for (const [key, { firstAt }] of this.#traces) {
      if (now - firstAt < this.#options.wait_ms) break;
      this.#drop(key, "timeout");
    }
  }

  /** close drops all that waits. */
  close(): void {
    for (const key of this.#traces.keys()) this.#drop(key, "timeout");
  }

  #drop(key: string, reason: DropReason): void {
    this.#decide(key, "dropped");
    const spans = this.#take(key)?.spans.length ?? 0;
    if (spans > 0) this.#options.onDropped(reason, spans);
  }

  #take(key: string): Trace | undefined {
    const trace = this.#traces.get(key);
    this.#rooted.delete(key);
    if (trace === undefined) return undefined;
    this.#traces.delete(key);
    this.#bytes -= trace.bytes;
    this.#spans -= trace.spans.length;
    return trace;
  }

  #decide(key: string, decision: Decision): void {
    this.#decided.delete(key);
    this.#decided.set(key, decision);
    if (this.#decided.size <= DECIDED_MAX) return;
    const oldest = this.#decided.keys().next();
    if (oldest.done !== true) this.#decided.delete(oldest.value);
  }
}
