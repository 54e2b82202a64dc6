import type { WalFile } from "./file-system.js";
import type { FrameHeader } from "./frame.js";
import {
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  FRAME_VERSION,
  payloadMatches,
} from "./frame.js";
import type { Damage, RecoveryLetter } from "./recover.js";
import { RECOVERY_CASES } from "./recover.js";
import { SEGMENT_HEADER_BYTES } from "./segment.js";

/** GoodFrame is a frame whose checksums hold. `payload` is valid only until the next step of the reader. */
export interface GoodFrame {
  readonly offset: number;
  readonly header: FrameHeader;
  readonly payload: Uint8Array;
}

/** ScanStep is what a reader yields: a good frame, or a stretch that is not used. */
export type ScanStep =
  | { readonly frame: GoodFrame; readonly damage?: undefined }
  | { readonly frame?: undefined; readonly damage: Damage };

/** READ_AHEAD is how much is read at once: large enough that calls cost nothing, small beside a cache. */
const READ_AHEAD = 1 << 20;

/** Window keeps a moving part of a file in memory; a view of it is valid until the next call. */
class Window {
  readonly #file: WalFile;
  readonly #end: number;
  #bytes = new Uint8Array(READ_AHEAD);
  #start = 0;
  #length = 0;

  constructor(file: WalFile, end: number) {
    this.#file = file;
    this.#end = end;
  }

  /** at gives up to `count` bytes from `offset` on: fewer only where the file ends. */
  async at(offset: number, count: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(count, this.#end - offset));
    if (offset < this.#start || offset + wanted > this.#start + this.#length)
      await this.#load(offset, wanted);
    const from = offset - this.#start;
    return this.#bytes.subarray(from, Math.min(from + wanted, this.#length));
  }

  async #load(offset: number, count: number): Promise<void> {
    const kept =
      offset >= this.#start && offset < this.#start + this.#length
        ? this.#bytes.subarray(offset - this.#start, this.#length)
        : new Uint8Array(0);
    const room = Math.max(count, READ_AHEAD);
    const target = room > this.#bytes.length ? new Uint8Array(room) : this.#bytes;
    target.set(kept, 0);
    const readEnd = Math.min(offset + room, this.#end);
    const into = target.subarray(kept.length, Math.max(kept.length, readEnd - offset));
    const got = into.length === 0 ? 0 : await this.#file.read(into, offset + kept.length);
    this.#bytes = target;
    this.#start = offset;
    this.#length = kept.length + got;
  }
}

/** findHeader gives the offset of the next header that holds at or behind `from`, or undefined. */
async function findHeader(window: Window, from: number, end: number): Promise<number | undefined> {
  const needle = Buffer.alloc(4);
  needle.writeUInt32LE(FRAME_MAGIC);
  let at = from;
  while (end - at >= FRAME_HEADER_BYTES) {
    const bytes = await window.at(at, READ_AHEAD);
    const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(needle);
    if (found >= 0 && found + FRAME_HEADER_BYTES <= bytes.length) {
      if (decodeFrameHeader(bytes, found) !== undefined) return at + found;
      at += found + 1;
    } else if (bytes.length < READ_AHEAD) {
      return undefined;
    } else {
      // A header may begin in the last bytes of this part: the next part begins with them.
      at += bytes.length - FRAME_HEADER_BYTES + 1;
    }
  }
  return undefined;
}

/**
 * scanSegment reads the frames of a segment of `length` bytes in order and decides at each offset by
 * RECOVERY_CASES. It never throws for what the bytes hold; it does for what the file system refuses.
 */
export async function* scanSegment(file: WalFile, length: number): AsyncGenerator<ScanStep, void> {
  const window = new Window(file, length);
  let offset = SEGMENT_HEADER_BYTES;
  while (offset < length) {
    const left = length - offset;
    const header = decodeFrameHeader(await window.at(offset, FRAME_HEADER_BYTES), 0);
    let letter: RecoveryLetter;
    let next = length;
    let frame: GoodFrame | undefined;
    if (left < FRAME_HEADER_BYTES) {
      letter = "B";
    } else if (header === undefined) {
      const found = await findHeader(window, offset + 1, length);
      letter = found === undefined ? "C" : "D";
      next = found ?? length;
    } else if (header.length > left - FRAME_HEADER_BYTES) {
      letter = "E";
    } else {
      next = offset + FRAME_HEADER_BYTES + header.length;
      const whole = await window.at(offset, FRAME_HEADER_BYTES + header.length);
      const payload = whole.subarray(FRAME_HEADER_BYTES);
      if (header.version !== FRAME_VERSION) letter = "F";
      else if (payloadMatches(header, payload)) letter = "I";
      else letter = next === length ? "G" : "H";
      frame = { offset, header, payload };
    }
    if (RECOVERY_CASES[letter].decision === "keep" && frame !== undefined) yield { frame };
    else yield { damage: { letter, offset, length: next - offset, rows: header?.rows ?? 0 } };
    offset = next;
  }
}
