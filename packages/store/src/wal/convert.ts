import { join } from "node:path";
import { isPlainBlock } from "../schema/row-columns.js";
import type { WalFile, WalFileSystem } from "./file-system.js";
import { FRAME_HEADER_BYTES } from "./frame.js";
import type { GoodFrame } from "./reader.js";
import { scanSegment } from "./reader.js";
import type { Damage } from "./recover.js";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentNumber, segmentToken } from "./segment.js";

/** PayloadFile holds, one behind the other and nothing between, the payloads of one signal of a segment. */
export interface PayloadFile {
  readonly signal: number;
  /** plain blocks have other columns than those of the rows (schema/row-columns.ts); a file has blocks of one form. */
  readonly plain: boolean;
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** slices cut the file between payloads, the same each time, into what one request to a server may hold. */
  readonly slices: readonly PayloadSlice[];
}

/** PayloadSlice is a stretch of a payload file; the first begins at 0, each next one where the last ended. */
export interface PayloadSlice {
  readonly rows: number;
  readonly bytes: number;
}

/** ConvertOptions are what convertSegment is given. */
export interface ConvertOptions {
  readonly fileSystem: WalFileSystem;
  readonly path: string;
  /** length that counts; what lies behind it was never acknowledged. */
  readonly length: number;
  /** signals that are known; frames of others are set aside. */
  readonly signals: ReadonlySet<number>;
  /** outDirectory gets the payload files, which the caller removes. */
  readonly outDirectory: string;
  /** damagedDirectory gets a copy of every stretch that is not used. */
  readonly damagedDirectory: string;
  /** excluded holds offsets of frames that are to be set aside although they are whole. */
  readonly excluded?: ReadonlySet<number>;
}

/** ConvertedSegment is what came out. */
export interface ConvertedSegment {
  /** token is the same each time the same segment is converted. */
  readonly token: string;
  readonly files: readonly PayloadFile[];
  readonly damages: readonly Damage[];
}

/** FLUSH_BYTES gathers small payloads into one write: 1 MiB. */
const FLUSH_BYTES = 1 << 20;
/** SLICE_ROWS and SLICE_BYTES end a slice: so many rows, or 64 MiB: what one request may hold. */
const SLICE_ROWS = 262_144;
const SLICE_BYTES = 64 << 20;

/** PayloadSink gathers payloads into one file; views of a moving window are copied, as they change under it. */
class PayloadSink {
  readonly signal: number;
  readonly plain: boolean;
  readonly path: string;
  readonly #file: WalFile;
  #gathered = new Uint8Array(FLUSH_BYTES);
  #used = 0;
  #written = 0;
  rows = 0;
  readonly slices: { rows: number; bytes: number }[] = [];

  constructor(path: string, file: WalFile, signal: number, plain: boolean) {
    this.signal = signal;
    this.plain = plain;
    this.path = path;
    this.#file = file;
  }

  get bytes(): number {
    return this.#written + this.#used;
  }

  async add(payload: Uint8Array, rows: number): Promise<void> {
    this.rows += rows;
    this.#addToSlice(rows, payload.length);
    if (this.#used + payload.length > FLUSH_BYTES) await this.#flush();
    if (payload.length > FLUSH_BYTES) {
      await this.#file.write([payload], this.#written);
      this.#written += payload.length;
      return;
    }
    this.#gathered.set(payload, this.#used);
    this.#used += payload.length;
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#file.close();
    }
  }

  #addToSlice(rows: number, bytes: number): void {
    const last = this.slices.at(-1);
    if (last === undefined || last.rows + rows > SLICE_ROWS || last.bytes + bytes > SLICE_BYTES)
      this.slices.push({ rows, bytes });
    else {
      last.rows += rows;
      last.bytes += bytes;
    }
  }

  async #flush(): Promise<void> {
    if (this.#used === 0) return;
    await this.#file.write([this.#gathered.subarray(0, this.#used)], this.#written);
    this.#written += this.#used;
    this.#used = 0;
  }
}

/** tokenOf gives the name under which the rows of a segment are inserted. */
export async function tokenOf(file: WalFile, path: string, length: number): Promise<string> {
  const head = new Uint8Array(Math.min(SEGMENT_HEADER_BYTES, length));
  await file.read(head, 0);
  const header = decodeSegmentHeader(head);
  if (header !== undefined) return segmentToken(header);
  // The nonce is lost with the header; number and length are what a repeated conversion sees again.
  const name = path.slice(path.lastIndexOf("/") + 1);
  return `${segmentNumber(name) ?? 0}-unnamed-${length}`;
}

/** setAside copies a stretch that cannot be used into the directory of damaged ones, durably. */
export async function setAside(
  options: Pick<ConvertOptions, "fileSystem" | "damagedDirectory">,
  from: WalFile,
  token: string,
  damage: Damage,
): Promise<void> {
  const path = join(options.damagedDirectory, `${token}-${damage.offset}.bin`);
  await options.fileSystem.remove(path);
  const copy = await options.fileSystem.create(path);
  try {
    const part = new Uint8Array(Math.min(damage.length, FLUSH_BYTES));
    for (let at = 0; at < damage.length; at += part.length) {
      const got = await from.read(
        part.subarray(0, Math.min(part.length, damage.length - at)),
        damage.offset + at,
      );
      if (got === 0) break;
      await copy.write([part.subarray(0, got)], at);
    }
    await copy.sync();
  } finally {
    await copy.close();
  }
}

/**
 * convertSegment strips the frames off a segment and puts the payloads of each signal into a file of its own,
 * in order, plain blocks into another one. What is damaged is copied aside by RECOVERY_CASES. The outcome depends on the segment's bytes only,
 * so that a repeated insert offers the engine the same rows in the same order under the same token.
 */
export async function convertSegment(options: ConvertOptions): Promise<ConvertedSegment> {
  const { fileSystem, path, length, signals, outDirectory, excluded } = options;
  const file = await fileSystem.openRead(path);
  const sinks = new Map<string, PayloadSink>();
  const damages: Damage[] = [];
  try {
    const token = await tokenOf(file, path, length);
    try {
      for await (const step of scanSegment(file, length)) {
        const damage = step.damage ?? unusable(step.frame, signals, excluded);
        if (damage !== undefined) {
          await setAside(options, file, token, damage);
          damages.push(damage);
          continue;
        }
        if (step.frame === undefined) continue;
        const { signal, rows } = step.frame.header;
        const plain = isPlainBlock(step.frame.payload);
        const name = `${token}-${signal}${plain ? "-plain" : ""}.native`;
        let sink = sinks.get(name);
        if (sink === undefined) {
          const out = join(outDirectory, name);
          await fileSystem.remove(out);
          sink = new PayloadSink(out, await fileSystem.create(out), signal, plain);
          sinks.set(name, sink);
        }
        await sink.add(step.frame.payload, rows);
      }
    } finally {
      for (const sink of sinks.values()) await sink.close();
    }
    const files = [...sinks.values()].map(({ signal, plain, path, rows, bytes, slices }) => ({
      signal,
      plain,
      path,
      rows,
      bytes,
      slices,
    }));
    return {
      token,
      files: files.sort((a, b) => a.signal - b.signal || Number(a.plain) - Number(b.plain)),
      damages,
    };
  } catch (error) {
    for (const sink of sinks.values()) await fileSystem.remove(sink.path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

function unusable(
  frame: GoodFrame | undefined,
  signals: ReadonlySet<number>,
  excluded: ReadonlySet<number> | undefined,
): Damage | undefined {
  if (frame === undefined) return undefined;
  const known = signals.has(frame.header.signal);
  if (known && excluded?.has(frame.offset) !== true) return undefined;
  const length = frame.payload.length + FRAME_HEADER_BYTES;
  return { letter: known ? "J" : "F", offset: frame.offset, length, rows: frame.header.rows };
}
