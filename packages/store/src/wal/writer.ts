import { join } from "node:path";
import { errnoOf, messageOf, StoreError } from "../errors.js";
import type { WalFile, WalFileSystem } from "./file-system.js";
import { encodeFrameHeader, FRAME_PAYLOAD_MAX } from "./frame.js";
import type { SegmentHeader } from "./segment.js";
import { encodeSegmentHeader, newNonce, SEGMENT_HEADER_BYTES, segmentFileName } from "./segment.js";

/** WalRecord is one payload to be kept. Its bytes must not change until append() has settled. */
export interface WalRecord {
  readonly signal: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** SealedSegment is a segment to which nothing is added any more; only its first `length` bytes count. */
export interface SealedSegment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly length: number;
  /** rows that were acknowledged of it. */
  readonly rows: number;
  /** since_ms is when the segment was begun, Unix milliseconds. */
  readonly since_ms: number;
}

/** LogFault is what went wrong with a segment: a failed sync ends it for good, a failed write unless the disk was only full. */
export interface LogFault {
  readonly path: string;
  readonly during: "write" | "sync";
  /** ended says that the segment takes nothing more: a new one goes on. */
  readonly ended: boolean;
  readonly cause: unknown;
}

/** WalWriterOptions are what a writer is given. */
export interface WalWriterOptions {
  readonly fileSystem: WalFileSystem;
  readonly directory: string;
  /** firstNumber is the number of the first segment to be made. */
  readonly firstNumber: number;
  /** segmentBytesMax seals a segment that has grown to this size. */
  readonly segmentBytesMax: number;
  /** onSealed is called, in order, with each segment that holds at least one acknowledged frame. */
  readonly onSealed: (segment: SealedSegment) => void;
  /** onFault is told of each write or sync that failed, before those who wait for it are refused. */
  readonly onFault?: (fault: LogFault) => void;
}

/** GROUP_BYTES_MAX bounds one write, so that a sync never waits for seconds of data: 32 MiB. */
const GROUP_BYTES_MAX = 32 * 1024 * 1024;

interface Waiting {
  readonly buffers: readonly Uint8Array[];
  readonly bytes: number;
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

interface ActiveSegment {
  readonly file: WalFile;
  readonly path: string;
  readonly header: SegmentHeader;
  /** durable is the length that was synced: what lies behind it was never acknowledged. */
  durable: number;
  rows: number;
  readonly openedAt: number;
  readonly since_ms: number;
}

/**
 * WalWriter appends records to numbered segments. Many append() calls share one write and one fdatasync
 * (group commit); each settles after it. One group is under way at a time, the next one gathers meanwhile.
 */
export class WalWriter {
  readonly #options: WalWriterOptions;
  #nextNumber: number;
  #active: ActiveSegment | undefined;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #sealers: (() => void)[] = [];
  #closed = false;

  constructor(options: WalWriterOptions) {
    this.#options = options;
    this.#nextNumber = options.firstNumber;
  }

  /** queuedBytes is what append() calls hold in memory that are not settled yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** activeBytes is the acknowledged length of the segment that is being written. */
  get activeBytes(): number {
    return Math.max(0, (this.#active?.durable ?? 0) - SEGMENT_HEADER_BYTES);
  }

  /** activeSince_ms is when the segment that is being written was begun, in Unix milliseconds; undefined for none. */
  get activeSince_ms(): number | undefined {
    return this.activeBytes === 0 ? undefined : this.#active?.since_ms;
  }

  /** activeAge_ms is the time since the first frame of the segment that is being written, or 0. */
  get activeAge_ms(): number {
    return this.activeBytes === 0 || this.#active === undefined
      ? 0
      : performance.now() - this.#active.openedAt;
  }

  /**
   * append resolves when all of the records are durable. It rejects with `disk-full` or `log-failed` when none of
   * them was acknowledged: they will not come back after a restart as far as the disk allows that to be undone.
   */
  append(records: readonly WalRecord[]): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreError("closed", "cannot append: the log is closed"));
    const buffers: Uint8Array[] = [];
    let bytes = 0;
    let rows = 0;
    for (const record of records) {
      rows += record.rows;
      if (record.bytes.length === 0 || record.bytes.length > FRAME_PAYLOAD_MAX) {
        return Promise.reject(
          new StoreError("bad-block", `cannot log a block of ${record.bytes.length} bytes`, {
            hint: `a block holds 1 to ${FRAME_PAYLOAD_MAX} bytes: split it`,
          }),
        );
      }
      const header = encodeFrameHeader(record.signal, record.rows, record.bytes);
      buffers.push(header, record.bytes);
      bytes += header.length + record.bytes.length;
    }
    if (buffers.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#queue.push({ buffers, bytes, rows, resolve, reject });
      this.#queuedBytes += bytes;
      this.#start();
    });
  }

  /** seal ends the segment that is being written, if it holds anything; resolves when onSealed was told of it. */
  seal(): Promise<void> {
    return new Promise((resolve) => {
      this.#sealers.push(resolve);
      this.#start();
    });
  }

  /** close waits for what was appended, and seals. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running !== undefined) await this.#running;
    await this.seal();
  }

  #start(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // Work that arrived between the loop's last look and now starts the loop again.
      if (this.#queue.length > 0 || this.#sealers.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 || this.#sealers.length > 0) {
      if (this.#sealers.length > 0) {
        // Sealing goes before what still waits: under constant load the queue is never empty.
        const sealers = this.#sealers.splice(0);
        await this.#sealActive();
        for (const resolve of sealers) resolve();
      } else {
        await this.#commitGroup(this.#takeGroup());
        if (this.activeBytes >= this.#options.segmentBytesMax) await this.#sealActive();
      }
    }
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      if (count > 0 && bytes + waiting.bytes > GROUP_BYTES_MAX) break;
      bytes += waiting.bytes;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    const bytes = group.reduce((sum, waiting) => sum + waiting.bytes, 0);
    try {
      const active = this.#active ?? (await this.#open());
      await this.#write(active, group, bytes);
      this.#queuedBytes -= bytes;
      for (const waiting of group) waiting.resolve();
    } catch (error) {
      this.#queuedBytes -= bytes;
      const refusal = refusalOf(error, this.#active?.path ?? this.#options.directory);
      for (const waiting of group) waiting.reject(refusal);
    }
  }

  async #write(active: ActiveSegment, group: readonly Waiting[], bytes: number): Promise<void> {
    try {
      await active.file.write(
        group.flatMap((waiting) => waiting.buffers),
        active.durable,
      );
    } catch (error) {
      // The part that was written belongs to nobody. Where it cannot be cut, or where the disk did more than fill up,
      // the segment ends before it.
      const cut = await active.file.truncate(active.durable).then(
        () => true,
        () => false,
      );
      const ended = !cut || !isFull(error);
      if (ended) await this.#sealActive();
      this.#options.onFault?.({ path: active.path, during: "write", ended, cause: error });
      throw error;
    }
    try {
      await active.file.sync();
    } catch (error) {
      // After a failed fsync the kernel may have dropped the dirty pages and reports success the next time
      // (fsync(2), "PostgreSQL's fsync() surprise", LWN 752063): this file is never synced again.
      await active.file.truncate(active.durable).catch(() => undefined);
      await this.#sealActive();
      this.#options.onFault?.({ path: active.path, during: "sync", ended: true, cause: error });
      throw error;
    }
    active.durable += bytes;
    for (const { rows } of group) active.rows += rows;
  }

  async #open(): Promise<ActiveSegment> {
    const { fileSystem, directory } = this.#options;
    const header: SegmentHeader = { number: this.#nextNumber++, nonce: newNonce() };
    const path = join(directory, segmentFileName(header.number));
    const file = await fileSystem.create(path);
    try {
      await file.write([encodeSegmentHeader(header)], 0);
      // The name must be durable before the first acknowledgement; the header is synced with the first group.
      await fileSystem.syncDirectory(directory);
    } catch (error) {
      await file.close().catch(() => undefined);
      await fileSystem.remove(path).catch(() => undefined);
      throw error;
    }
    const durable = SEGMENT_HEADER_BYTES;
    const openedAt = performance.now();
    const active = { file, path, header, durable, rows: 0, openedAt, since_ms: Date.now() };
    this.#active = active;
    return active;
  }

  async #sealActive(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    this.#active = undefined;
    if (active.durable > SEGMENT_HEADER_BYTES) {
      const { path, header, durable, rows, since_ms } = active;
      // At once, without a wait before it: at no moment may what is acknowledged be neither active nor sealed.
      this.#options.onSealed({ path, header, length: durable, rows, since_ms });
      await active.file.close().catch(() => undefined);
    } else {
      await active.file.close().catch(() => undefined);
      await this.#options.fileSystem.remove(active.path).catch(() => undefined);
    }
  }
}

function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(errnoOf(error));
}

/** refusalOf says what a failed write or sync means for those who wait. */
function refusalOf(error: unknown, path: string): StoreError {
  if (isFull(error)) {
    return new StoreError("disk-full", `cannot write to ${path}: no space is left (${errnoOf(error)})`, {
      hint: "make room on the file system of the data directory; receiving goes on by itself then",
      cause: error,
    });
  }
  return new StoreError("log-failed", `cannot write to ${path}: ${messageOf(error)}`, {
    hint: "look at the kernel's log for errors of the disk",
    cause: error,
  });
}
