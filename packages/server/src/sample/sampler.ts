import { type Alone, type DropReason, PendingTraces } from "./pending.js";
import { aloneOf, keptOf, stateOf, TAKE } from "./rebuild.js";
import { COLUMN, COLUMNS, FLAG, type ScannedRequest, Scanner } from "./scan.js";
import { isSampled, type Threshold, thresholdOf } from "./threshold.js";

/** SampleOptions say what is kept of the spans that come in. */
export interface SampleOptions {
  /** ratio of traces that are kept by their id, more than 0 and less than 1. */
  readonly ratio: number;
  /** slow_ms keeps traces with a span that lasts as long; default 0, none. */
  readonly slow_ms?: number;
  /** criticalAttribute marks spans whose trace is kept, when it is true; default `go3s.critical`. */
  readonly criticalAttribute?: string;
  /** wait_ms after its first span a trace is decided; default 10 s. */
  readonly wait_ms?: number;
  /** settle_ms after its root a trace is decided; default 2 s. */
  readonly settle_ms?: number;
  /** memoryBytes bounds the spans that wait for a decision; default 64 MiB. */
  readonly memoryBytes?: number;
}

/** KeepReason is why a span was kept: by its trace's id, by itself, or because its trace is kept. */
export type KeepReason = "ratio" | "error" | "slow" | "critical" | "trace" | "no-id";

/** Cut is a request after sampling. */
export interface Cut {
  /** bytes of what is kept, undefined when nothing is. */
  readonly bytes: Uint8Array | undefined;
  /** released are spans that waited and are kept now. */
  readonly released: readonly Alone[];
  /** settle counts, and lets wait what is not decided: called when what is kept was taken. */
  settle(): void;
}

/** SampleCounts is where decisions are counted. */
export interface SampleCounts {
  kept(reason: KeepReason, spans: number): void;
  dropped(reason: DropReason, spans: number): void;
}

const defaults = {
  criticalAttribute: "go3s.critical",
  wait_ms: 10_000,
  settle_ms: 2_000,
  memoryBytes: 64 << 20,
};

/**
 * Sampler decides which spans are kept. A trace is kept by its id (the same verdict everywhere), or as soon as one of its spans
 * is an error, slow or critical; until it is known that none is, its spans wait in memory, bounded.
 */
export class Sampler {
  readonly threshold: Threshold;
  readonly pending: PendingTraces;
  readonly #scanner: Scanner;
  readonly #counts: SampleCounts;
  #take = new Uint8Array(1024);

  constructor(options: SampleOptions, counts: SampleCounts) {
    const { criticalAttribute, wait_ms, settle_ms, memoryBytes } = { ...defaults, ...options };
    this.threshold = thresholdOf(options.ratio);
    this.#scanner = new Scanner({ slow_ns: (options.slow_ms ?? 0) * 1e6, critical: criticalAttribute });
    this.#counts = counts;
    const onDropped = (reason: DropReason, spans: number) => counts.dropped(reason, spans);
    this.pending = new PendingTraces({ wait_ms, settle_ms, memoryBytes, onDropped });
  }

  /** cut decides about the spans of a request; throws TelemetryError for what is none. The bytes may be reused when it returns. */
  cut(bytes: Uint8Array, fused: boolean, now: number): Cut {
    const request = this.#scanner.scan(bytes, fused);
    const { count } = request;
    if (this.#take.length < count) this.#take = new Uint8Array(2 * count);
    const take = this.#take;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const kept = new Map<KeepReason, number>();
    const keep = (index: number, how: number, reason: KeepReason): void => {
      take[index] = how;
      kept.set(reason, (kept.get(reason) ?? 0) + 1);
    };
    const released: Alone[] = [];
    // First those that decide by themselves: they may decide for others of the request that stand before them.
    for (let i = 0; i < count; i++) {
      take[i] = TAKE.NO;
      const flags = request.spans[i * COLUMNS + COLUMN.FLAGS] ?? 0;
      const trace = request.spans[i * COLUMNS + COLUMN.TRACE] ?? 0;
      const reason = reasonOf(flags);
      // What has no trace id is refused by the decoder, which tells its sender.
      if ((flags & FLAG.NO_ID) !== 0) keep(i, TAKE.AS_IT_IS, "no-id");
      else if (reason !== undefined) {
        keep(i, TAKE.AS_IT_IS, reason);
        released.push(...this.pending.keep(keyOf(request, trace)));
      } else if (isSampled(this.threshold, view, trace, stateOf(request, i)))
        keep(i, TAKE.WITH_THRESHOLD, "ratio");
    }
    const waiting: { readonly key: string; readonly span: Alone; readonly isRoot: boolean }[] = [];
    for (let i = 0; i < count; i++) {
      if (take[i] !== TAKE.NO) continue;
      const at = i * COLUMNS;
      const key = keyOf(request, request.spans[at + COLUMN.TRACE] ?? 0);
      if (this.pending.decisionOf(key) === "kept") keep(i, TAKE.AS_IT_IS, "trace");
      else {
        const isRoot = ((request.spans[at + COLUMN.FLAGS] ?? 0) & FLAG.ROOT) !== 0;
        waiting.push({ key, span: { bytes: aloneOf(request, i), fused }, isRoot });
      }
    }
    const settle = (): void => {
      for (const [reason, spans] of kept) this.#counts.kept(reason, spans);
      for (const { key, span, isRoot } of waiting) this.pending.add(key, span, isRoot, now);
    };
    return { bytes: keptOf(request, take.subarray(0, count), this.threshold), released, settle };
  }
}

function reasonOf(flags: number): KeepReason | undefined {
  if ((flags & FLAG.ERROR) !== 0) return "error";
  if ((flags & FLAG.CRITICAL) !== 0) return "critical";
  return (flags & FLAG.SLOW) !== 0 ? "slow" : undefined;
}

function keyOf({ bytes }: ScannedRequest, trace: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + trace, 16).toString("latin1");
}
