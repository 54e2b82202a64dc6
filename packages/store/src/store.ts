import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type DiskRoom, newDiskRoom } from "./disk-room.js";
import type { Engine } from "./engine/engine.js";
import { newEnginePriority } from "./engine/priority.js";
import type { QueryLimits, TableSize } from "./engine/protocol.js";
import { defaultEngineMemory, defaultQueryLimits, defaultQueryMaxima } from "./engine/settings.js";
import { messageOf, StoreError } from "./errors.js";
import { Inserter } from "./inserter.js";
import { type Layout, layOut } from "./layout.js";
import { lockDirectory } from "./lock.js";
import { newEngine } from "./open-engine.js";
import { type QueryOptions, type QueryResult, startQuery } from "./query.js";
import type { Signal } from "./schema/columns.js";
import { SIGNAL_NUMBERS } from "./signals.js";
import { Counters, isSignal, type StoreStats } from "./stats.js";
import type { Store, StoreBlock, StoreOptions, StoreReader } from "./store-types.js";
import { realFileSystem, type WalFileSystem } from "./wal/file-system.js";
import { FRAME_PAYLOAD_MAX } from "./wal/frame.js";
import { leftSegments } from "./wal/left-segments.js";
import { offerAgain, setSegmentAside } from "./wal/set-aside.js";
import { UndecidedLog } from "./wal/undecided.js";
import { WalWriter } from "./wal/writer.js";

/** DEFAULT_NICE gives the engine a third of the weight of a program at nice 0 (sched_prio_to_weight: 335 to 1024). */
const DEFAULT_NICE = 5;

const DEFAULT_SEGMENT_BYTES = 128 * 1024 * 1024;

const DEFAULT_WAITING_BYTES = 4 * 1024 * 1024 * 1024;

const DEFAULT_UNDECIDED_BYTES = 6 * 1024 * 1024 * 1024;

/** QUEUED_BYTES_MAX bounds what append() calls hold in memory before they are on disk: 256 MiB. */
const QUEUED_BYTES_MAX = 256 * 1024 * 1024;

/** SIZES_EVERY_MS is how often disk use is asked for at most. */
const SIZES_EVERY_MS = 2_000;

/** SIZES_IDLE_MS is how old disk use may be when somebody looks. */
const SIZES_IDLE_MS = 10_000;

/** openStore opens the data directory for writing and reading, inserts what an earlier run left in its log, and locks it. */
export async function openStore(options: StoreOptions): Promise<Store> {
  try {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreError(
      "directory-unusable",
      `cannot make the data directory ${options.dir}: ${messageOf(error)}`,
      {
        hint: "choose a directory that this user may write",
        cause: error,
      },
    );
  }
  const lock = lockDirectory(options.dir);
  try {
    const store = new OpenStore(options, () => lock.close());
    await store.start();
    return store;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * openStoreReader opens an existing data directory for queries while no server runs. What an earlier run had
 * acknowledged is brought into the tables first, so that a query sees it.
 */
export async function openStoreReader(options: StoreOptions): Promise<StoreReader> {
  if (!existsSync(join(options.dir, "db"))) {
    throw new StoreError("no-data", `there is no store in ${options.dir}`, {
      hint: "name the directory that was given to `go3s up --data`",
    });
  }
  const store = await openStore(options);
  await Promise.race([store.flush(), deadline(READER_FLUSH_MS)]).catch(() => {
    const { waiting, engine } = store.stats();
    options.onNotice?.(
      `${waiting.bytes} bytes of the log are not in the tables yet: ${engine.failure ?? "it is slow"}`,
    );
  });
  return store;
}

class OpenStore implements Store {
  readonly #options: StoreOptions;
  readonly #unlock: () => void;
  readonly #counters = new Counters();
  readonly #engine: Engine;
  readonly #writer: WalWriter;
  readonly #inserter: Inserter;
  readonly #layout: Layout;
  readonly #fileSystem: WalFileSystem;
  /** Segments of earlier runs, whose rows are not counted as acknowledged. */
  readonly #leftPaths = new Set<string>();
  #undecided: UndecidedLog | undefined;
  readonly #room: DiskRoom;
  readonly #limits: QueryLimits;
  readonly #notice: (text: string) => void;
  #tables: readonly TableSize[] = [];
  #sizesAt = 0;
  #sizesTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: StoreOptions, unlock: () => void) {
    this.#options = options;
    this.#unlock = unlock;
    this.#notice = options.onNotice ?? (() => undefined);
    const layout = layOut(options.dir);
    this.#layout = layout;
    const memoryBytes = options.memoryBytes ?? defaultEngineMemory();
    this.#limits = { ...defaultQueryLimits(memoryBytes), ...options.queryLimits };
    const queryMax = { ...defaultQueryMaxima(this.#limits, memoryBytes), ...options.queryMaxima };
    const nice = options.engineNice ?? DEFAULT_NICE;
    const fileSystem = options.fileSystem ?? realFileSystem;
    this.#fileSystem = fileSystem;
    this.#engine = newEngine({
      remote: options.clickhouse,
      directories: {
        state: layout.engine,
        database: layout.database,
        log: {
          directory: layout.wal,
          temporaryDirectory: layout.temporary,
          damagedDirectory: layout.damaged,
        },
      },
      retention: options.retention ?? {},
      memoryBytes,
      queryMax,
      nice,
      onNotice: this.#notice,
    });
    this.#room = newDiskRoom({ ...layout, log: layout.wal });
    offerAgain(layout.wal, layout.damaged, "rows");
    offerAgain(layout.pending, layout.damaged, "undecided");
    const left = leftSegments(layout.wal);
    for (const { path } of left) this.#leftPaths.add(path);
    this.#inserter = new Inserter({
      room: this.#room,
      engine: this.#engine,
      priority: newEnginePriority(() => this.#engine.pid, nice),
      forget: ({ path }) => fileSystem.remove(path),
      setAside: async ({ path, rows = 0 }, cause) => {
        const aside = await setSegmentAside(fileSystem, path, layout.damaged, "rows");
        this.#notice(this.#counters.setAside(path, aside, rows, cause));
      },
      ...(options.asideAfter_ms === undefined ? {} : { asideAfter_ms: options.asideAfter_ms }),
      temporaryDirectory: layout.temporary,
      damagedDirectory: layout.damaged,
      onInserted: (segment, result, took_ms) => {
        const isOwn = !this.#leftPaths.has(segment.path);
        for (const line of this.#counters.insertedSegment(segment.path, result, took_ms, isOwn))
          this.#notice(line);
        this.#readSizesSoon();
      },
      onFailed: (segment, error) => {
        this.#counters.failure = messageOf(error);
        this.#notice(`cannot insert ${segment.path} yet: ${messageOf(error)}`);
      },
    });
    for (const segment of left) this.#inserter.add(segment);
    this.#writer = new WalWriter({
      fileSystem,
      directory: layout.wal,
      firstNumber: (left.at(-1)?.number ?? 0) + 1,
      segmentBytesMax: options.segmentBytesMax ?? DEFAULT_SEGMENT_BYTES,
      onSealed: (segment) => this.#inserter.add(segment),
      onFault: (fault) => this.#notice(this.#counters.fault(fault)),
    });
  }

  async start(): Promise<void> {
    this.#undecided = await this.#openUndecided();
    try {
      await this.#engine.start();
    } catch (error) {
      await this.#engine.close();
      throw error;
    }
    this.#inserter.start(this.#writer);
    await this.#readSizes();
  }

  async append(blocks: readonly StoreBlock[]): Promise<void> {
    try {
      if (this.#closing !== undefined) throw new StoreError("closed", "cannot append: the store is closed");
      this.#refuseWhenFull(blocks.reduce((sum, block) => sum + block.bytes.length, 0));
      await this.#writer.append(
        blocks.map(({ signal, rows, bytes }) => ({ signal: numberOf(signal), rows, bytes })),
      );
    } catch (error) {
      if (error instanceof StoreError) this.#counters.refuse(error.code);
      throw error;
    }
    for (const { signal, rows } of blocks) this.#counters.acknowledged[signal] += rows;
    this.#inserter.noticed();
  }

  async query(sql: string, options: QueryOptions = {}): Promise<QueryResult> {
    if (this.#closing !== undefined) throw new StoreError("closed", "cannot query: the store is closed");
    await this.#inserter.asked();
    return startQuery(this.#engine, sql, options, { ...this.#limits, ...options.limits });
  }

  async flush(): Promise<void> {
    await this.#inserter.flush();
  }

  get undecided(): UndecidedLog {
    if (this.#undecided === undefined) throw new StoreError("closed", "the store was not opened");
    return this.#undecided;
  }

  stats(): StoreStats {
    const counters = this.#counters;
    // Merges and expiry go on without inserts: who looks on sees what they left.
    if (performance.now() - this.#sizesAt > SIZES_IDLE_MS && this.#engine.state === "ready")
      this.#readSizesSoon();
    return {
      engine: {
        state: this.#engine.state,
        restarts: this.#engine.restarts,
        pid: this.#engine.pid,
        failure: counters.failure,
      },
      waiting: {
        bytes: this.#inserter.pendingBytes + this.#writer.activeBytes,
        segments: this.#inserter.pendingSegments + (this.#writer.activeBytes > 0 ? 1 : 0),
        rows: counters.waitingRows,
        oldest_ms: this.#oldest_ms(),
        unacknowledgedBytes: this.#writer.queuedBytes,
      },
      log: { ...counters.log },
      rowsAcknowledged: { ...counters.acknowledged },
      rowsInserted: { ...counters.inserted },
      segmentsInserted: counters.segmentsInserted,
      lastInsert_ms: counters.lastInsert_ms,
      lastInsertTook_ms: counters.lastInsertTook_ms,
      tables: this.#tables,
      refused: { ...counters.refused },
      dropped: { ...counters.dropped },
    };
  }

  /** close seals the log, tries to insert the rest, ends the engine in order and gives the directory free. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#sizesTimer);
    await this.#undecided?.close();
    await this.#writer.close();
    // What the engine cannot take now waits in the log for the next open.
    if (this.#engine.state === "ready" && this.#counters.failure === undefined) {
      await Promise.race([this.#inserter.flush(), deadline(CLOSE_FLUSH_MS)]).catch(() => undefined);
    }
    const stopped = this.#inserter.stop();
    await this.#engine.close();
    await stopped;
    this.#unlock();
  }

  #refuseWhenFull(bytes: number): void {
    const max = this.#options.waitingBytesMax ?? DEFAULT_WAITING_BYTES;
    const waiting = this.#inserter.pendingBytes + this.#writer.activeBytes + this.#writer.queuedBytes;
    const secondsMax = this.#options.waitingSecondsMax ?? 0;
    const isOld = secondsMax > 0 && this.#oldest_ms() > secondsMax * 1000;
    const isRoom = this.#writer.queuedBytes + bytes <= QUEUED_BYTES_MAX + FRAME_PAYLOAD_MAX;
    if (waiting + bytes <= max && isRoom && !isOld) {
      this.#room.requireForAppend(bytes);
      return;
    }
    const why =
      this.#counters.failure === undefined ? "" : `; the last insert failed: ${this.#counters.failure}`;
    const what = isOld
      ? `what waits to be inserted has waited ${Math.round(this.#oldest_ms() / 1000)} s, ${secondsMax} s are allowed`
      : `${waiting} bytes wait to be inserted, ${max} may`;
    throw new StoreError("store-busy", `${what}${why}`, {
      hint: "send again in a moment; if it stays so, the engine is too slow for what comes in or its disk is full",
    });
  }

  #openUndecided(): Promise<UndecidedLog> {
    const { pending, damaged } = this.#layout;
    const max = this.#options.undecidedBytesMax ?? DEFAULT_UNDECIDED_BYTES;
    return UndecidedLog.open({
      fileSystem: this.#fileSystem,
      directory: pending,
      damagedDirectory: damaged,
      segmentBytesMax: this.#options.segmentBytesMax ?? DEFAULT_SEGMENT_BYTES,
      bytesMax: max,
      require: (bytes) => this.#refuseWhenFull(bytes),
      requireRoom: (bytes) => this.#room.requireForAppend(bytes),
      onDecided: (segment) => {
        if (segment.rows === 0) this.#leftPaths.add(segment.path);
        this.#counters.acknowledged.traces += segment.rows;
        this.#inserter.add(segment);
      },
      onRefused: (code) => this.#counters.refuse(code),
      onSetAside: (path, aside, rows, cause) =>
        this.#notice(this.#counters.setAside(path, aside, rows, cause)),
      onDamaged: (path, damages) => {
        for (const line of this.#counters.damaged(path, damages)) this.#notice(line);
      },
      onFault: (fault) => this.#notice(this.#counters.fault(fault)),
    });
  }

  #oldest_ms(): number {
    const since_ms = this.#inserter.oldestSince_ms;
    return since_ms === undefined ? 0 : Math.max(0, Date.now() - since_ms);
  }

  #readSizesSoon(): void {
    if (this.#sizesTimer !== undefined || this.#closing !== undefined) return;
    const wait_ms = Math.max(0, this.#sizesAt + SIZES_EVERY_MS - performance.now());
    this.#sizesTimer = setTimeout(() => {
      this.#sizesTimer = undefined;
      void this.#readSizes();
    }, wait_ms);
    this.#sizesTimer.unref();
  }

  async #readSizes(): Promise<void> {
    this.#sizesAt = performance.now();
    try {
      this.#tables = await this.#engine.sizes();
    } catch {
      // The engine is being started again: the next insert asks anew.
    }
  }
}

/** READER_FLUSH_MS bounds how long a reader waits for what an earlier run left in the log. */
const READER_FLUSH_MS = 60_000;

/** CLOSE_FLUSH_MS is how long close() waits for the rest to be inserted: it is safe in the log either way. */
const CLOSE_FLUSH_MS = 10_000;

function deadline(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new StoreError("closed", "closing did not wait longer")), ms).unref();
  });
}

function numberOf(signal: Signal): number {
  if (!isSignal(signal)) throw new StoreError("bad-block", `there is no signal ${JSON.stringify(signal)}`);
  return SIGNAL_NUMBERS[signal];
}
