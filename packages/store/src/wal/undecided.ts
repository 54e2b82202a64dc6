import { join } from "node:path";
import { StoreError } from "../errors.js";
import type { Signal } from "../schema/columns.js";
import { SIGNAL_NUMBERS } from "../signals.js";
import { setAside, tokenOf } from "./convert.js";
import type { WalFile, WalFileSystem } from "./file-system.js";
import { encodeFrameHeader, FRAME_HEADER_BYTES } from "./frame.js";
import type { GoodFrame } from "./reader.js";
import { scanSegment } from "./reader.js";
import type { Damage } from "./recover.js";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  newNonce,
  SEGMENT_HEADER_BYTES,
  segmentNumber,
} from "./segment.js";
import { setSegmentAside } from "./set-aside.js";
import type { LogFault, SealedSegment } from "./writer.js";
import { WalWriter } from "./writer.js";

/**
 * UNDECIDED_KINDS gives the kinds of frames of a log of what waits for a decision their numbers. They share a byte with
 * SIGNAL_NUMBERS, so that nobody takes a segment of one log for one of the other.
 */
export const UNDECIDED_KINDS = { spans: 32, fused: 33, keep: 34, void: 35 } as const;

/** UndecidedKind is what a record is: spans as OTLP or fused OTLP, ids of traces that are kept, or a number that is void. */
export type UndecidedKind = keyof typeof UNDECIDED_KINDS;

/** UndecidedRecord is one record; when it is read its bytes are valid only until the next one. */
export interface UndecidedRecord {
  readonly kind: UndecidedKind;
  /** rows is the number of spans or ids. */
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** Generation is a stretch of time of the log to which nothing is added any more. */
export interface Generation {
  readonly path: string;
  readonly length: number;
  /** sealedAt is when its last record was acknowledged at the latest; of an earlier run's, when this one began. `performance.now()`. */
  readonly sealedAt: number;
}

/** DecidedBlock is a block of what is kept of a generation. */
export interface DecidedBlock {
  readonly signal: Signal;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** DecidedSegment is a segment of what is kept of a generation. */
export type DecidedSegment = Pick<SealedSegment, "path" | "length" | "rows" | "since_ms">;

/** UndecidedOptions are what a log is opened with. */
export interface UndecidedOptions {
  readonly fileSystem: WalFileSystem;
  readonly directory: string;
  readonly damagedDirectory: string;
  readonly segmentBytesMax: number;
  /** bytesMax bounds what waits for a decision: append() says `store-busy` beyond. */
  readonly bytesMax: number;
  /** require throws when so many bytes may not be acknowledged now, requireRoom when the disk has no room for them. */
  readonly require: (bytes: number) => void;
  readonly requireRoom: (bytes: number) => void;
  /** onDecided gets a segment of kept rows, which from now on is one for the engine; `rows` is 0 for one of an earlier run. */
  readonly onDecided: (segment: DecidedSegment) => void;
  readonly onSetAside: (path: string, aside: string, rows: number, cause: unknown) => void;
  readonly onDamaged: (path: string, damages: readonly Damage[]) => void;
  readonly onFault?: (fault: LogFault) => void;
  /** onRefused is told the code of each append() that is rejected. */
  readonly onRefused?: (code: string) => void;
}

/** QUEUED_BYTES_MAX bounds what append() calls hold in memory while the disk is slow: 256 MiB. */
const QUEUED_BYTES_MAX = 256 * 1024 * 1024;

const NAMES = new Map<number, UndecidedKind>([
  [UNDECIDED_KINDS.spans, "spans"],
  [UNDECIDED_KINDS.fused, "fused"],
  [UNDECIDED_KINDS.keep, "keep"],
  [UNDECIDED_KINDS.void, "void"],
]);

/** VERDICTS is the file that outlives generations: one segment of one `keep` frame. */
const VERDICTS = "kept.ids";
/** FRESH ends the names of files that are being written; one that is left was never of use. */
const FRESH = ".new";

/**
 * UndecidedLog keeps what is acknowledged before anybody knows whether it is to be kept. A generation's file is replaced, in one
 * rename, by a segment of the rows that are kept, which has its token; so at every moment it is either wholly undecided or
 * wholly decided, and rows come into the tables once whatever happens in between.
 */
export class UndecidedLog {
  readonly #options: UndecidedOptions;
  readonly #writer: WalWriter;
  readonly #generations: Generation[] = [];
  #sealedBytes = 0;

  private constructor(options: UndecidedOptions, firstNumber: number) {
    this.#options = options;
    this.#writer = new WalWriter({
      ...options,
      firstNumber,
      onSealed: ({ path, length }) => this.#add(path, length),
    });
  }

  /** open finds what an earlier run left: undecided generations become this one's, decided ones are told. */
  static async open(options: UndecidedOptions): Promise<UndecidedLog> {
    const { fileSystem, directory } = options;
    const names = await fileSystem.list(directory);
    for (const name of names) if (name.endsWith(FRESH)) await fileSystem.remove(join(directory, name));
    const numbered = names.flatMap((name) => {
      const number = segmentNumber(name);
      return number === undefined ? [] : [{ number, path: join(directory, name) }];
    });
    const log = new UndecidedLog(options, (numbered.at(-1)?.number ?? 0) + 1);
    for (const { path } of numbered) {
      const length = await fileSystem.size(path);
      if (length <= SEGMENT_HEADER_BYTES) await fileSystem.remove(path);
      else if (await isUndecided(fileSystem, path, length)) log.#add(path, length);
      else options.onDecided({ path, length, rows: 0, since_ms: Date.now() });
    }
    return log;
  }

  /** generations that wait for their decision, oldest first. */
  get generations(): readonly Generation[] {
    return this.#generations;
  }

  /** bytes that wait for a decision, and those that wait for their sync. */
  get bytes(): number {
    return this.#sealedBytes + this.#writer.activeBytes + this.#writer.queuedBytes;
  }

  /** activeAge_ms is the age of the generation that is being written, 0 when it is empty. */
  get activeAge_ms(): number {
    return this.#writer.activeAge_ms;
  }

  /** append resolves when the records are durable; it rejects as Store.append() does. */
  async append(records: readonly UndecidedRecord[]): Promise<void> {
    try {
      this.#refuseWhenFull(records.reduce((sum, record) => sum + record.bytes.length, 0));
      await this.#writer.append(
        records.map(({ kind, rows, bytes }) => ({ signal: UNDECIDED_KINDS[kind], rows, bytes })),
      );
    } catch (error) {
      if (error instanceof StoreError) this.#options.onRefused?.(error.code);
      throw error;
    }
  }

  #refuseWhenFull(bytes: number): void {
    const { bytesMax } = this.#options;
    if (this.#writer.queuedBytes + bytes > QUEUED_BYTES_MAX)
      throw new StoreError("store-busy", `${this.#writer.queuedBytes} bytes wait in memory for the disk`, {
        hint: "send again in a moment; if it stays so, the disk is too slow for what comes in",
      });
    if (this.bytes + bytes > bytesMax)
      throw new StoreError("store-busy", `${this.bytes} bytes wait for their decision, ${bytesMax} may`, {
        hint: "send again in a moment; if it stays so, traces wait too long for what comes in (--sample-wait)",
      });
    this.#options.require(bytes);
  }

  /** seal ends the generation that is being written, if it holds anything. */
  seal(): Promise<void> {
    return this.#writer.seal();
  }

  /** read yields the records of a generation in order; what is damaged is copied aside, and told when it is decided. */
  async *read(generation: Generation): AsyncGenerator<UndecidedRecord, void> {
    for await (const step of this.#scan(generation)) if (!("letter" in step)) yield step;
  }

  /**
   * decide puts what is kept of a generation in its place and gives it to the engine; nothing kept removes it. `keep` is asked
   * for blocks, one at a time, with the generation's records. It rejects when the disk is full or fails: then nothing has changed.
   */
  async decide(
    generation: Generation,
    keep: (records: AsyncIterable<UndecidedRecord>) => AsyncIterable<DecidedBlock>,
  ): Promise<void> {
    const { fileSystem, directory } = this.#options;
    const { path } = generation;
    const fresh = `${path}${FRESH}`;
    const damages: Damage[] = [];
    await fileSystem.remove(fresh);
    const file = await fileSystem.create(fresh);
    let length = SEGMENT_HEADER_BYTES;
    let rows = 0;
    try {
      try {
        await file.write([await this.#headerOf(path)], 0);
        for await (const block of keep(this.#records(generation, damages))) {
          this.#options.requireRoom(block.bytes.length);
          const head = encodeFrameHeader(SIGNAL_NUMBERS[block.signal], block.rows, block.bytes);
          await file.write([head, block.bytes], length);
          length += head.length + block.bytes.length;
          rows += block.rows;
        }
        if (rows > 0) await file.sync();
      } finally {
        await file.close();
      }
      if (rows > 0) await fileSystem.rename(fresh, path);
      else await fileSystem.remove(path);
      await fileSystem.syncDirectory(directory);
    } catch (error) {
      await fileSystem.remove(fresh).catch(() => undefined);
      throw error;
    }
    if (rows === 0) await fileSystem.remove(fresh);
    this.#forget(generation);
    if (damages.length > 0) this.#options.onDamaged(path, damages);
    if (rows > 0) this.#options.onDecided({ path, length, rows, since_ms: Date.now() });
  }

  /** setAside takes a generation out of the way that cannot be read; the next open has it again. */
  async setAside(generation: Generation, rows: number, cause: unknown): Promise<void> {
    const { fileSystem, damagedDirectory, onSetAside } = this.#options;
    const aside = await setSegmentAside(fileSystem, generation.path, damagedDirectory, "undecided");
    this.#forget(generation);
    onSetAside(generation.path, aside, rows, cause);
  }

  /** remember keeps ids of traces that are kept beyond their generations, in the place of those it was given before. */
  async remember(ids: Uint8Array, count: number): Promise<void> {
    const { fileSystem, directory } = this.#options;
    const path = join(directory, VERDICTS);
    const fresh = `${path}${FRESH}`;
    if (count === 0) return;
    await fileSystem.remove(fresh);
    const file = await fileSystem.create(fresh);
    try {
      const header = encodeSegmentHeader({ number: 0, nonce: newNonce() });
      await file.write([header, encodeFrameHeader(UNDECIDED_KINDS.keep, count, ids), ids], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await fileSystem.rename(fresh, path);
    await fileSystem.syncDirectory(directory);
  }

  /** remembered gives those ids; empty when there are none, or when they cannot be read. */
  async remembered(): Promise<Uint8Array> {
    const { fileSystem, directory } = this.#options;
    const path = join(directory, VERDICTS);
    if (!(await fileSystem.list(directory)).includes(VERDICTS)) return new Uint8Array(0);
    const file = await fileSystem.openRead(path);
    try {
      for await (const { frame } of scanSegment(file, await fileSystem.size(path)))
        if (frame?.header.signal === UNDECIDED_KINDS.keep) return frame.payload.slice();
      return new Uint8Array(0);
    } finally {
      await file.close();
    }
  }

  /** close waits for what was appended; what waits for a decision is there for the next open. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  #add(path: string, length: number): void {
    this.#generations.push({ path, length, sealedAt: performance.now() });
    this.#sealedBytes += length;
  }

  #forget(generation: Generation): void {
    const at = this.#generations.indexOf(generation);
    if (at >= 0) this.#generations.splice(at, 1);
    this.#sealedBytes -= generation.length;
  }

  async #headerOf(path: string): Promise<Uint8Array> {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const file = await this.#options.fileSystem.openRead(path);
    try {
      await file.read(bytes, 0);
    } finally {
      await file.close();
    }
    // The same header is the same token: should a power failure bring the undecided file back, its rows are taken for repeats.
    if (decodeSegmentHeader(bytes) !== undefined) return bytes;
    const name = path.slice(path.lastIndexOf("/") + 1);
    return encodeSegmentHeader({ number: segmentNumber(name) ?? 0, nonce: newNonce() });
  }

  async *#records(generation: Generation, damages: Damage[]): AsyncGenerator<UndecidedRecord, void> {
    for await (const step of this.#scan(generation)) {
      if ("letter" in step) damages.push(step);
      else yield step;
    }
  }

  async *#scan({ path, length }: Generation): AsyncGenerator<UndecidedRecord | Damage, void> {
    const { fileSystem } = this.#options;
    const file: WalFile = await fileSystem.openRead(path);
    try {
      for await (const { frame, damage } of scanSegment(file, length)) {
        const kind = frame === undefined ? undefined : NAMES.get(frame.header.signal);
        if (frame !== undefined && kind !== undefined) {
          yield { kind, rows: frame.header.rows, bytes: frame.payload };
          continue;
        }
        const bad = frame === undefined ? damage : unknown(frame);
        await setAside(this.#options, file, await tokenOf(file, path, length), bad);
        yield bad;
      }
    } finally {
      await file.close();
    }
  }
}

function unknown({ offset, payload, header }: GoodFrame): Damage {
  return { letter: "F", offset, length: payload.length + FRAME_HEADER_BYTES, rows: header.rows };
}

/** isUndecided tells it by the first frame that holds; what has none holds no rows: it is set aside when it is decided. */
async function isUndecided(fileSystem: WalFileSystem, path: string, length: number): Promise<boolean> {
  const file = await fileSystem.openRead(path);
  try {
    for await (const { frame } of scanSegment(file, length))
      if (frame !== undefined) return NAMES.has(frame.header.signal);
    return true;
  } catch {
    // What cannot be read now is tried again when it is to be decided, and told then.
    return true;
  } finally {
    await file.close();
  }
}
