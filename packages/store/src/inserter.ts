import type { DiskRoom } from "./disk-room.js";
import type { Engine } from "./engine/engine.js";
import type { EnginePriority } from "./engine/priority.js";
import type { InsertRequest, InsertResult } from "./engine/protocol.js";
import { StoreError } from "./errors.js";
import type { SealedSegment } from "./wal/writer.js";

/** PendingSegment is a segment that waits to be inserted; it lies on disk until it was. */
export interface PendingSegment extends Pick<SealedSegment, "path" | "length" | "since_ms"> {
  /** rows that were acknowledged of it; unknown of one that an earlier run left. */
  readonly rows?: number;
}

/**
 * SegmentSource is where segments come from: the log of this machine (WalWriter) is one, a queue in front of a cluster
 * can be another. It hands each sealed segment to the inserter's add(), and keeps it until it may forget it.
 */
export interface SegmentSource {
  /** activeBytes is the acknowledged length of what is not sealed yet, activeAge_ms its age, activeSince_ms its beginning. */
  readonly activeBytes: number;
  readonly activeAge_ms: number;
  readonly activeSince_ms: number | undefined;
  seal(): Promise<void>;
}

/** InserterOptions are what an inserter is given. */
export interface InserterOptions {
  readonly engine: Engine;
  readonly priority: EnginePriority;
  /** forget lets the source drop a segment: its rows are durable in the engine. */
  readonly forget: (segment: PendingSegment) => Promise<void>;
  /** setAside takes a segment out of the way that the engine never takes; its bytes are kept. */
  readonly setAside: (segment: PendingSegment, cause: unknown) => Promise<void>;
  /** asideAfter_ms is how long a segment is tried at least before that; default a minute. */
  readonly asideAfter_ms?: number;
  readonly room: DiskRoom;
  readonly temporaryDirectory: string;
  readonly damagedDirectory: string;
  readonly onInserted: (segment: PendingSegment, result: InsertResult, took_ms: number) => void;
  readonly onFailed: (segment: PendingSegment, error: unknown) => void;
}

/** SEAL_AGE_MIN_MS: the first rows after a quiet time are inserted this long after they were acknowledged. */
const SEAL_AGE_MIN_MS = 200;
/** SEAL_AGE_MAX_MS: under lasting load rows wait no longer than this; docs/storage.md has what larger segments save. */
const SEAL_AGE_MAX_MS = 5_000;
/** SEAL_AGE_ASKED_MS: and no longer than this while somebody asks (the first question is waited for, see asked()). */
const SEAL_AGE_ASKED_MS = 500;
/** ASKED_FOR_MS: a query says that somebody looks for so long. */
const ASKED_FOR_MS = 5_000;
/** ASKED_WAIT_MS bounds what the first question waits. */
const ASKED_WAIT_MS = 500;
/** QUIET_MS without anything acknowledged ends a time of load. */
const QUIET_MS = 1_000;
/** BUSY_PER_AGE: the age grows to a fourth of the time that the load lasts. */
const BUSY_PER_AGE = 4;
/** HURRY_BYTES of sealed segments that wait are more than the engine may leave lying for the sake of others: 64 MiB. */
const HURRY_BYTES = 64 * 1024 * 1024;
/** POLL_MS is how often the age of the active segment is looked at while it holds something. */
const POLL_MS = 20;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 10_000;
/** PATIENT_TRIES: so often a segment is tried before those behind it go first. */
const PATIENT_TRIES = 5;
/** ASIDE_TRIES: so often it fails, each time after another was inserted, before it is set aside: then it is not the engine. */
const ASIDE_TRIES = 5;
/** TRIES_PER_ASIDE: what is passed over is tried again after a tenth of the time that it has at least. */
const TRIES_PER_ASIDE = 10;
const ASIDE_AFTER_MS = 60_000;

/** Trouble is what is known of a segment that the engine did not take. */
interface Trouble {
  tries: number;
  /** again is when it is tried again, if it is not waited for. */
  again: number;
  readonly since: number;
  /** against counts the failures before which another segment was inserted; `inserted` is how many were at the last one. */
  against: number;
  inserted: number;
}

/** sealAge_ms gives the age at which a segment is sealed, after so many milliseconds of load without a pause. */
export function sealAge_ms(busy_ms: number, asked: boolean): number {
  const max = asked ? SEAL_AGE_ASKED_MS : SEAL_AGE_MAX_MS;
  return Math.min(max, Math.max(SEAL_AGE_MIN_MS, busy_ms / BUSY_PER_AGE));
}

/** NOT_ENOUGH_SPACE is ClickHouse's error for a full disk (src/Common/ErrorCodes.cpp). */
const NOT_ENOUGH_SPACE = 243;

function isFullDisk(error: unknown): boolean {
  if (!(error instanceof StoreError)) return false;
  return error.code === "disk-full" || error.clickhouseCode === NOT_ENOUGH_SPACE;
}

/**
 * Inserter takes sealed segments, oldest first, one at a time, into the engine, and removes each one after the
 * engine has it durably. While an insert runs, the segment that is being written keeps growing: under load
 * inserts become larger by themselves. One that is refused again and again lets those behind it go first, and is set
 * aside when the engine takes others and not this one; an engine that takes none is waited for, however long.
 */
export class Inserter {
  readonly #options: InserterOptions;
  #source: SegmentSource | undefined;
  readonly #segments: PendingSegment[] = [];
  readonly #troubles = new Map<PendingSegment, Trouble>();
  #inserted = 0;
  #pendingBytes = 0;
  #loop: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing = 0;
  #busySince = Number.NEGATIVE_INFINITY;
  #noticedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #stopped = false;
  readonly #idle: (() => void)[] = [];

  constructor(options: InserterOptions) {
    this.#options = options;
  }

  /** pendingBytes is the size of the sealed segments that are not inserted yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** pendingSegments counts them. */
  get pendingSegments(): number {
    return this.#segments.length;
  }

  /** oldestSince_ms is when the oldest of what waits was begun, in Unix milliseconds; undefined when nothing does. */
  get oldestSince_ms(): number | undefined {
    return this.#segments[0]?.since_ms ?? this.#source?.activeSince_ms;
  }

  /** start begins to insert what is in the queue and whatever `source` seals later. */
  start(source: SegmentSource): void {
    this.#source = source;
    this.#loop = this.#run();
  }

  /** add queues a segment. */
  add(segment: PendingSegment): void {
    this.#segments.push(segment);
    this.#pendingBytes += segment.length;
    this.#giveWay();
    this.#wake();
  }

  /** noticed tells that something was acknowledged, so that the age of the active segment is watched. */
  noticed(): void {
    const now = performance.now();
    if (now - this.#noticedAt > QUIET_MS) this.#busySince = now;
    this.#noticedAt = now;
    if (this.#timer === undefined && !this.#stopped) this.#wake();
  }

  /**
   * asked tells that somebody queries: rows come into the tables sooner for a while. The first question after a time
   * without any waits, a little, for what was acknowledged before it, which may be seconds of load.
   */
  async asked(): Promise<void> {
    const now = performance.now();
    const before = this.#askedAt;
    this.#askedAt = now;
    this.#giveWay();
    if (now - before < ASKED_FOR_MS || this.#stopped || this.#nothingWaits()) return;
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ASKED_WAIT_MS);
    });
    // What fails here is told by the insert itself; the query is answered from what is there.
    await Promise.race([this.flush().catch(() => undefined), enough]);
    clearTimeout(timer);
  }

  /** flush resolves when everything that was acknowledged before the call is in the tables. */
  async flush(): Promise<void> {
    this.#flushing++;
    this.#giveWay();
    try {
      await this.#source?.seal();
      const last = this.#segments.at(-1);
      while (last !== undefined && this.#segments.includes(last)) {
        if (this.#stopped)
          throw new StoreError("closed", "the store was closed before everything was inserted");
        await new Promise<void>((resolve) => this.#idle.push(resolve));
      }
    } finally {
      this.#flushing--;
    }
  }

  /** stop ends the loop after the insert under way; what was not inserted stays in the log. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#giveWay();
    clearTimeout(this.#timer);
    this.#wake();
    this.#tellWaiters();
    await this.#loop;
  }

  /**
   * giveWay puts the engine behind all other programs while nobody asks, and in its place again when somebody does or
   * much waits. What was acknowledged is safe in the log; what is observed must not pay for having it in tables now.
   */
  #giveWay(): void {
    const isAsked = performance.now() - this.#askedAt < ASKED_FOR_MS;
    const mustHurry = this.#stopped || this.#flushing > 0 || this.#pendingBytes > HURRY_BYTES;
    this.#options.priority.set(!isAsked && !mustHurry);
  }

  #nothingWaits(): boolean {
    return this.#segments.length === 0 && (this.#source?.activeBytes ?? 0) === 0;
  }

  #tellWaiters(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    let retry_ms = RETRY_MIN_MS;
    while (!this.#stopped) {
      const segment = this.#next();
      if (segment === undefined) {
        await this.#awaitWork();
        continue;
      }
      try {
        await this.#insert(segment);
        retry_ms = RETRY_MIN_MS;
      } catch (error) {
        if (this.#stopped) return;
        this.#options.onFailed(segment, error);
        if (await this.#passOver(segment, error)) continue;
        await this.#sleep(retry_ms);
        retry_ms = Math.min(RETRY_MAX_MS, retry_ms * 2);
      }
    }
  }

  /** next gives the oldest segment but those that are passed over until their time has come. */
  #next(): PendingSegment | undefined {
    const now = performance.now();
    return this.#segments.find((segment) => {
      const trouble = this.#troubles.get(segment);
      return trouble === undefined || trouble.tries < PATIENT_TRIES || trouble.again <= now;
    });
  }

  /** passOver tells whether those behind a segment that failed may go first; it sets it aside when it is the segment's fault. */
  async #passOver(segment: PendingSegment, error: unknown): Promise<boolean> {
    const trouble = this.#troubles.get(segment);
    if (trouble === undefined || trouble.tries < PATIENT_TRIES) return false;
    const now = performance.now();
    const after_ms = this.#options.asideAfter_ms ?? ASIDE_AFTER_MS;
    trouble.again = now + Math.max(RETRY_MIN_MS, after_ms / TRIES_PER_ASIDE);
    const isOld = now - trouble.since >= after_ms;
    if (trouble.against < ASIDE_TRIES || !isOld) return true;
    await this.#options.setAside(segment, error).then(
      () => this.#drop(segment),
      (cause: unknown) => this.#options.onFailed(segment, cause),
    );
    return true;
  }

  async #insert(segment: PendingSegment): Promise<void> {
    const { engine, forget, room, temporaryDirectory, damagedDirectory } = this.#options;
    room.requireForInsert(segment.length);
    await engine.ready(RETRY_MAX_MS);
    const started = performance.now();
    const { path, length } = segment;
    const request: InsertRequest = { path, length, temporaryDirectory, damagedDirectory };
    const result = await engine.insert(request).catch((error: unknown) => {
      if (!isFullDisk(error)) this.#blame(segment);
      throw error;
    });
    // The rows are durable (fsync_after_insert): only now may the log forget them.
    await forget(segment);
    this.#inserted++;
    this.#drop(segment);
    this.#options.onInserted(segment, result, performance.now() - started);
  }

  /** blame counts a try that the engine itself refused: room and an engine that is not there are nobody's fault. */
  #blame(segment: PendingSegment): void {
    const now = performance.now();
    const known = this.#troubles.get(segment);
    const inserted = this.#inserted;
    if (known === undefined) {
      this.#troubles.set(segment, { tries: 1, again: now, since: now, against: 0, inserted });
      return;
    }
    known.tries++;
    if (inserted > known.inserted) known.against++;
    known.inserted = inserted;
  }

  #drop(segment: PendingSegment): void {
    const at = this.#segments.indexOf(segment);
    if (at >= 0) this.#segments.splice(at, 1);
    this.#troubles.delete(segment);
    this.#pendingBytes -= segment.length;
    this.#tellWaiters();
  }

  /** awaitWork returns when there is a segment, sealing the active one when it has come of age. */
  async #awaitWork(): Promise<void> {
    const source = this.#source;
    if (source === undefined) return;
    if (source.activeBytes === 0) {
      await this.#sleep(this.#nextTry_ms());
      return;
    }
    const now = performance.now();
    const age_ms = sealAge_ms(now - this.#busySince, now - this.#askedAt < ASKED_FOR_MS);
    const left_ms = age_ms - source.activeAge_ms;
    if (left_ms <= 0 || this.#flushing > 0) await source.seal();
    else await this.#sleep(Math.min(left_ms, Math.max(POLL_MS, left_ms / 2)));
  }

  /** nextTry_ms is the time until a segment that was passed over is tried again, undefined for none. */
  #nextTry_ms(): number | undefined {
    const times = [...this.#troubles.values()].map(({ again }) => again);
    return times.length === 0 ? undefined : Math.max(1, Math.min(...times) - performance.now());
  }

  /** sleep waits for `ms`, or until something wakes the loop. */
  async #sleep(ms: number | undefined): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        resolve();
      };
      if (ms !== undefined) this.#timer = setTimeout(this.#wake, ms);
    });
  }
}
