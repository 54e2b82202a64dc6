import { ID_BYTES, KeptTraces } from "./kept-traces.js";
import { keptOf, stateOf, TAKE, waitingOf } from "./rebuild.js";
import { COLUMN, COLUMNS, FLAG, Scanner } from "./scan.js";
import { isSampled, type Threshold, thresholdOf } from "./threshold.js";

/** SampleOptions say what is kept of the spans that come in. */
export interface SampleOptions {
  /** ratio of traces that are kept by their id, more than 0 and less than 1. */
  readonly ratio: number;
  /** slow_ms keeps traces with a span that lasts as long; default 0, none. */
  readonly slow_ms?: number;
  /** criticalAttribute marks spans whose trace is kept, when it is true; default `go3s.critical`. */
  readonly criticalAttribute?: string;
  /** wait_ms is how long a span waits at least for one that keeps its trace; default 10 s. */
  readonly wait_ms?: number;
  /** waitingBytes is how much may wait on disk before the oldest is decided early; default 4 GiB, ten seconds of 900,000 spans a second. */
  readonly waitingBytes?: number;
}

/** KeepReason is why a span was kept: by its trace's id, by itself, or because its trace is kept. */
export type KeepReason = "ratio" | "error" | "slow" | "critical" | "trace" | "no-id";

/** DropReason is why a span was not kept: nothing asked for it, it was decided before its time, or it cannot be decoded. */
export type DropReason = "ratio" | "evicted" | "invalid";

/** Cut is a request after sampling. */
export interface Cut {
  /** bytes of what is kept, undefined when nothing is. */
  readonly bytes: Uint8Array | undefined;
  /** kept counts their spans by reason. */
  readonly kept: ReadonlyMap<KeepReason, number>;
  /** waiting is a copy of what is not decided, behind the head that was given; undefined when nothing is; `waitingSpans` counts it. */
  readonly waiting: Buffer | undefined;
  readonly waitingSpans: number;
  /** decided are the ids of traces that are kept from now on, one behind the other. */
  readonly decided: Uint8Array;
}

const CRITICAL = "go3s.critical";

/**
 * Sampler decides which spans are kept. A trace is kept by its id (the same verdict everywhere), or as soon as one of its spans
 * is an error, slow or critical; until it is known that none is, its spans have to wait.
 */
export class Sampler {
  readonly threshold: Threshold;
  readonly kept: KeptTraces;
  readonly #scanner: Scanner;
  #take = new Uint8Array(1024);

  constructor(options: SampleOptions, kept: KeptTraces = new KeptTraces()) {
    this.threshold = thresholdOf(options.ratio);
    this.kept = kept;
    const critical = options.criticalAttribute ?? CRITICAL;
    this.#scanner = new Scanner({ slow_ns: (options.slow_ms ?? 0) * 1e6, critical });
  }

  /** cut decides about the spans of a request; throws TelemetryError for what is none. `bytes` may be the request's own. */
  cut(bytes: Uint8Array, fused: boolean, head?: Uint8Array, lend?: (size: number) => Buffer): Cut {
    const request = this.#scanner.scan(bytes, fused);
    const { count, spans } = request;
    if (this.#take.length < count) this.#take = new Uint8Array(2 * count);
    const take = this.#take.subarray(0, count);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const kept = new Map<KeepReason, number>();
    const keep = (index: number, how: number, reason: KeepReason): void => {
      take[index] = how;
      kept.set(reason, (kept.get(reason) ?? 0) + 1);
    };
    const decided: Uint8Array[] = [];
    // First those that decide by themselves: they may decide for others of the request that stand before them.
    for (let i = 0; i < count; i++) {
      take[i] = TAKE.NO;
      const flags = spans[i * COLUMNS + COLUMN.FLAGS] ?? 0;
      const trace = spans[i * COLUMNS + COLUMN.TRACE] ?? 0;
      const reason = reasonOf(flags);
      // What has no trace id is refused by the decoder, which tells its sender.
      if ((flags & FLAG.NO_ID) !== 0) keep(i, TAKE.AS_IT_IS, "no-id");
      else if (reason !== undefined) {
        keep(i, TAKE.AS_IT_IS, reason);
        if (this.kept.add(bytes, trace)) decided.push(bytes.slice(trace, trace + ID_BYTES));
      } else if (isSampled(this.threshold, view, trace, stateOf(request, i)))
        keep(i, TAKE.WITH_THRESHOLD, "ratio");
    }
    let waitingSpans = 0;
    for (let i = 0; i < count; i++) {
      if (take[i] !== TAKE.NO) continue;
      if (this.kept.has(bytes, spans[i * COLUMNS + COLUMN.TRACE] ?? 0)) keep(i, TAKE.AS_IT_IS, "trace");
      else waitingSpans++;
    }
    return {
      bytes: keptOf(request, take, this.threshold),
      kept,
      waiting: waitingSpans === 0 ? undefined : waitingOf(request, take, head, lend),
      waitingSpans,
      decided: Buffer.concat(decided),
    };
  }
}

function reasonOf(flags: number): KeepReason | undefined {
  if ((flags & FLAG.ERROR) !== 0) return "error";
  if ((flags & FLAG.CRITICAL) !== 0) return "critical";
  return (flags & FLAG.SLOW) !== 0 ? "slow" : undefined;
}
