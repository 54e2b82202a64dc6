import { type Generation, type Store, StoreError, TracesIngest } from "@go3s/store";
import { TelemetryError } from "@go3s/telemetry";
import { textOf } from "../errors.js";
import { ID_BYTES, type KeptTraces } from "./kept-traces.js";
import { keptOf, TAKE } from "./rebuild.js";
import { decodeRecord, decodeVoid, type RecordId } from "./record.js";
import type { DropReason } from "./sampler.js";
import { COLUMN, COLUMNS, type ScannedRequest, Scanner } from "./scan.js";
import { thresholdOf } from "./threshold.js";

type UndecidedLog = Store["undecided"];

/** WaitingLog is what the decider needs of the store's log of what waits for a decision. */
export type WaitingLog = Pick<
  UndecidedLog,
  | "append"
  | "seal"
  | "read"
  | "decide"
  | "setAside"
  | "remember"
  | "remembered"
  | "generations"
  | "bytes"
  | "activeAge_ms"
>;

type Records = Parameters<Parameters<UndecidedLog["decide"]>[1]>[0];
type Block = ReturnType<Parameters<UndecidedLog["decide"]>[1]> extends AsyncIterable<infer B> ? B : never;

/** DeciderOptions are what a decider is given. */
export interface DeciderOptions {
  readonly log: WaitingLog;
  readonly kept: KeptTraces;
  readonly wait_ms: number;
  readonly waitingBytes: number;
  /** asideAfter_ms is how long a generation is tried at least that cannot be read; default a minute. */
  readonly asideAfter_ms?: number;
  /** tenantAttribute is what spans are decoded by: IngestOptions. */
  readonly tenantAttribute?: string;
  readonly onKept: (spans: number) => void;
  readonly onDropped: (reason: DropReason, spans: number) => void;
}

/** SLICES_PER_WAIT: a generation lasts a fourth of the wait, so that a span waits a fourth longer at most. */
const SLICES_PER_WAIT = 4;
const SLICE_MAX_MS = 2_500;
const LOOK_MS = 50;
const RETRY_MS = 1_000;
/** A generation is set aside after so many tries and so long, when others were decided meanwhile. */
const ASIDE_TRIES = 10;
const ASIDE_AFTER_MS = 60_000;
/** Blocks of this many rows or bytes bound the memory of a decision. */
const BLOCK_ROWS = 50_000;
const BLOCK_BYTES = 16 << 20;

interface Tally {
  read: number;
  kept: number;
  invalid: number;
}

/**
 * Decider decides generations of spans when their time has come: those of traces that are kept go on to the tables, all others
 * are dropped. It needs no memory for what waits, only for the traces that are kept.
 */
export class Decider {
  readonly #options: DeciderOptions;
  readonly #slice_ms: number;
  readonly #void = new Set<string>();
  // What waits was cut before, so nothing is marked here but by its trace.
  readonly #scanner = new Scanner({ slow_ns: 0, critical: "" });
  #spans = 0;
  #remembered = -1;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #retryAt = 0;
  #pressed = false;
  #closed = false;
  #decisions = 0;
  readonly #troubles = new Map<Generation, { tries: number; since: number; before: number }>();
  #failure = "";

  constructor(options: DeciderOptions) {
    this.#options = options;
    this.#slice_ms = Math.min(SLICE_MAX_MS, options.wait_ms / SLICES_PER_WAIT);
  }

  /** spans that wait. */
  get spans(): number {
    return this.#spans;
  }

  /** open reads the verdicts of an earlier run and what it left undecided, and begins to decide. */
  async open(): Promise<void> {
    const { log, kept } = this.#options;
    const ids = await log.remembered();
    for (let at = 0; at + ID_BYTES <= ids.length; at += ID_BYTES) kept.add(ids, at);
    this.#remembered = kept.added;
    for (const generation of log.generations)
      await this.#replay(generation).catch((error: unknown) => {
        this.#failure = textOf(error);
      });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** failure is why the last decision could not be made, "" since one was: it is tried again. */
  get failure(): string {
    return this.#failure;
  }

  /** waits counts spans that were acknowledged and are not decided. */
  waits(spans: number): void {
    this.#spans += spans;
  }

  /** void takes a record back whose request was refused after it was written. */
  void(id: RecordId, spans: number): void {
    this.#void.add(keyOf(id));
    this.#spans -= spans;
  }

  /** press asks for room: what is oldest is decided early. */
  press(): void {
    this.#pressed = true;
  }

  /** close finishes the decision under way; what waits is there for the next run, and so are the verdicts. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#running;
    await this.#remember().catch((error: unknown) => {
      this.#failure = textOf(error);
    });
  }

  #look(): void {
    if (this.#running !== undefined || this.#closed || performance.now() < this.#retryAt) return;
    this.#running = this.#work()
      .catch((error: unknown) => {
        const after_ms = this.#options.asideAfter_ms ?? ASIDE_AFTER_MS;
        this.#retryAt = performance.now() + Math.min(RETRY_MS, after_ms / ASIDE_TRIES);
        this.#failure = textOf(error);
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #work(): Promise<void> {
    const { log, wait_ms, waitingBytes } = this.#options;
    const isFull = () => this.#pressed || log.bytes > waitingBytes;
    if (log.activeAge_ms >= this.#slice_ms || (isFull() && log.generations.length === 0)) await log.seal();
    let failed: unknown;
    for (const next of [...log.generations]) {
      const isDue = performance.now() - next.sealedAt >= wait_ms;
      if (this.#closed || (!isDue && !isFull())) break;
      // One that cannot be read keeps no other from its decision.
      await this.#decide(next, !isDue).catch((error: unknown) => {
        failed = error;
        return this.#giveUp(next, error);
      });
      this.#pressed = false;
    }
    this.#pressed = false;
    // What was set aside is not counted any more, nor what an earlier run left and could not be read.
    if (log.bytes === 0) this.#spans = 0;
    if (failed !== undefined) throw failed;
  }

  /** giveUp sets a generation aside that fails again and again while others are decided. */
  async #giveUp(generation: Generation, error: unknown): Promise<void> {
    // A full disk and a log that is closed are nobody's fault.
    if (error instanceof StoreError || isFullDisk(error)) return;
    const now = performance.now();
    const known = this.#troubles.get(generation) ?? { tries: 0, since: now, before: this.#decisions };
    known.tries++;
    this.#troubles.set(generation, known);
    const isOld = now - known.since >= (this.#options.asideAfter_ms ?? ASIDE_AFTER_MS);
    if (known.tries < ASIDE_TRIES || !isOld || known.before === this.#decisions) return;
    await this.#options.log.setAside(generation, 0, error);
    this.#troubles.delete(generation);
  }

  async #decide(generation: Generation, early: boolean): Promise<void> {
    // What decided for a trace may lie in this generation only: it has to outlive it.
    await this.#remember();
    const tally: Tally = { read: 0, kept: 0, invalid: 0 };
    const used: string[] = [];
    await this.#options.log.decide(generation, (records) => this.#keep(records, tally, used));
    this.#failure = "";
    this.#decisions++;
    this.#troubles.delete(generation);
    for (const key of used) this.#void.delete(key);
    this.#spans -= tally.read;
    const dropped = tally.read - tally.kept - tally.invalid;
    if (tally.kept > 0) this.#options.onKept(tally.kept);
    if (tally.invalid > 0) this.#options.onDropped("invalid", tally.invalid);
    if (dropped > 0) this.#options.onDropped(early ? "evicted" : "ratio", dropped);
  }

  async *#keep(records: Records, tally: Tally, used: string[]): AsyncGenerator<Block, void> {
    const { tenantAttribute } = this.#options;
    const ingest = new TracesIngest(tenantAttribute === undefined ? {} : { tenantAttribute });
    let bytes = 0;
    for await (const { kind, rows, bytes: payload } of records) {
      if (kind !== "spans" && kind !== "fused") continue;
      const record = decodeRecord(payload);
      if (record !== undefined && this.#void.has(keyOf(record))) {
        used.push(keyOf(record));
        continue;
      }
      tally.read += rows;
      const found = record === undefined ? undefined : this.#select(record.body, kind === "fused");
      if (record === undefined || found === undefined) {
        tally.invalid += rows;
        continue;
      }
      for (const part of appendTo(ingest, found, record.receivedMs, tally)) {
        yield part;
        bytes = 0;
      }
      bytes += payload.length;
      if (ingest.rows < BLOCK_ROWS && bytes < BLOCK_BYTES) continue;
      const block = ingest.take();
      bytes = 0;
      if (block !== undefined) yield block;
    }
    const last = ingest.take();
    if (last !== undefined) yield last;
  }

  /** select takes a request of waiting spans apart, and marks those that are kept; undefined for what is none. */
  #select(body: Uint8Array, fused: boolean): Selected | undefined {
    try {
      const request = this.#scanner.scan(body, fused);
      const take = new Uint8Array(request.count);
      let count = 0;
      for (let i = 0; i < request.count; i++) {
        if (!this.#options.kept.has(body, request.spans[i * COLUMNS + COLUMN.TRACE] ?? 0)) continue;
        take[i] = TAKE.AS_IT_IS;
        count++;
      }
      return { request, take, count };
    } catch (error) {
      if (error instanceof TelemetryError) return undefined;
      throw error;
    }
  }

  async #replay(generation: Generation): Promise<void> {
    const { log, kept } = this.#options;
    const waiting = new Map<string, number>();
    for await (const { kind, rows, bytes } of log.read(generation)) {
      if (kind === "keep")
        for (let at = 0; at + ID_BYTES <= bytes.length; at += ID_BYTES) kept.add(bytes, at);
      else if (kind === "void") {
        const id = decodeVoid(bytes);
        if (id !== undefined) this.#void.add(keyOf(id));
      } else {
        const record = decodeRecord(bytes);
        if (record === undefined) this.#spans += rows;
        else waiting.set(keyOf(record), rows);
      }
    }
    for (const [key, rows] of waiting) if (!this.#void.has(key)) this.#spans += rows;
  }

  async #remember(): Promise<void> {
    const { log, kept } = this.#options;
    const { added, size } = kept;
    if (added === this.#remembered) return;
    await log.remember(kept.ids(), size);
    this.#remembered = added;
  }
}

interface Selected {
  readonly request: ScannedRequest;
  readonly take: Uint8Array;
  readonly count: number;
}

const AS_IT_IS = thresholdOf(1);

/**
 * appendTo decodes what is selected; where that fails, each span by itself, so that one that is broken takes no other along. It
 * gives the block so far when there is no room in it.
 */
function* appendTo(
  ingest: TracesIngest,
  { request, take, count }: Selected,
  receivedMs: number,
  tally: Tally,
): Generator<Block, void> {
  if (count === 0) return;
  const body = keptOf(request, take, AS_IT_IS);
  if (body === undefined) return;
  for (let tries = 0; ; tries++) {
    try {
      const { rows } = ingest.append(body, { fused: request.fused, receivedMs });
      tally.kept += rows;
      tally.invalid += count - rows;
      return;
    } catch (error) {
      if (!(error instanceof TelemetryError) && !(error instanceof StoreError)) throw error;
      const block = error instanceof StoreError && error.retryable ? ingest.take() : undefined;
      if (block !== undefined && tries === 0) {
        yield block;
        continue;
      }
      if (count === 1) {
        tally.invalid++;
        return;
      }
    }
    break;
  }
  for (let i = 0; i < take.length; i++) {
    if (take[i] === TAKE.NO) continue;
    const one = new Uint8Array(take.length);
    one[i] = TAKE.AS_IT_IS;
    yield* appendTo(ingest, { request, take: one, count: 1 }, receivedMs, tally);
  }
}

function isFullDisk(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

function keyOf({ run, number }: RecordId): string {
  return `${run}-${number}`;
}
