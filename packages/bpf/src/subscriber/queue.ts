import type { RingMemory } from "../ringbuf/reader.js";

// Before each record: its length and its processor.
const HEADER_BYTES = 8;
/** From this length on a copy by the engine is faster than one by words. */
const LONG = 512;
const FIRST_BYTES = 64 * 1024;
/** The part of the limit that may be used before the queue grows. */
const GROW_AT = 0.8;

/** RecordVisitor is called for each record of a batch. `cpu` is 0 for ring buffers, which have one order. */
export type RecordVisitor = (memory: RingMemory, offset: number, length: number, cpu: number) => void;

function memoryOf(bytes: number): RingMemory {
  const buffer = new ArrayBuffer(bytes);
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer), words: new Int32Array(buffer) };
}

function stepOf(length: number): number {
  return HEADER_BYTES + ((length + 7) & ~7);
}

/** Chunk is memory that records are appended to. */
export class Chunk {
  #memory: RingMemory = memoryOf(0);
  #used = 0;
  #count = 0;

  get used(): number {
    return this.#used;
  }

  get count(): number {
    return this.#count;
  }

  get memory(): RingMemory {
    return this.#memory;
  }

  /** append copies a record; the caller knows that there is room within the limit. */
  append(from: RingMemory, offset: number, length: number, cpu: number, limit: number): void {
    const step = stepOf(length);
    if (this.#used + step > this.#memory.bytes.length) this.#grow(this.#used + step, limit);
    const { words, bytes } = this.#memory;
    let to = this.#used >> 2;
    words[to++] = length;
    words[to++] = cpu;
    if (length < LONG) {
      // Whole words, with up to 3 bytes behind the record: each record is followed by padding or the next one.
      const end = (offset + length + 3) >> 2;
      const source = from.words;
      for (let word = offset >> 2; word < end; word++) words[to++] = source[word] ?? 0;
    } else {
      bytes.set(from.bytes.subarray(offset, offset + length), to << 2);
    }
    this.#used += step;
    this.#count++;
  }

  visit(visitor: RecordVisitor): void {
    const memory = this.#memory;
    const { words } = memory;
    for (let at = 0; at < this.#used; ) {
      const length = words[at >> 2] ?? 0;
      visitor(memory, at + HEADER_BYTES, length, words[(at >> 2) + 1] ?? 0);
      at += stepOf(length);
    }
  }

  /** places gives the records one after the other, by one object that changes. */
  *places(): Generator<{ readonly offset: number; readonly length: number }, void> {
    const place = { offset: 0, length: 0 };
    for (let at = 0; at < this.#used; at += stepOf(place.length)) {
      place.offset = at + HEADER_BYTES;
      place.length = this.#memory.words[at >> 2] ?? 0;
      yield place;
    }
  }

  clear(): void {
    this.#used = 0;
    this.#count = 0;
  }

  #grow(wanted: number, limit: number): void {
    const old = this.#memory.bytes;
    const bytes = Math.max(wanted, Math.min(limit, Math.max(FIRST_BYTES, old.length * 2)));
    this.#memory = memoryOf((bytes + 7) & ~7);
    this.#memory.bytes.set(old.subarray(0, this.#used));
  }
}

/**
 * RecordQueue holds records between a reader and a slower consumer, in two chunks: one is filled, the other is
 * with the consumer. So nothing is made per record, and the memory is at most twice the limit.
 */
export class RecordQueue {
  readonly #max: number;
  #limit: number;
  #filling = new Chunk();
  #given = new Chunk();
  #grown = 0;

  /** It holds `limit` bytes, a header of 8 per record counted, and may grow up to `max`. */
  constructor(limit: number, max: number) {
    this.#limit = limit;
    this.#max = Math.max(limit, max);
  }

  /** Bytes that wait. */
  get used(): number {
    return this.#filling.used;
  }

  /** Records that wait. */
  get count(): number {
    return this.#filling.count;
  }

  get limit(): number {
    return this.#limit;
  }

  /** How often it grew. */
  get grown(): number {
    return this.#grown;
  }

  /** push takes a record, or tells that there is no room. One that is larger than the queue goes in alone. */
  push(memory: RingMemory, offset: number, length: number, cpu: number): boolean {
    const filling = this.#filling;
    const wanted = filling.used + stepOf(length);
    if (wanted > this.#limit * GROW_AT && this.#limit < this.#max) {
      this.#limit = Math.min(this.#max, Math.max(this.#limit * 2, wanted));
      this.#grown++;
    }
    if (wanted > this.#limit && filling.used > 0) return false;
    filling.append(memory, offset, length, cpu, this.#limit);
    return true;
  }

  /** take gives what waits. What was given before is used again: the consumer is done with it. */
  take(): Chunk {
    const given = this.#filling;
    this.#filling = this.#given;
    this.#filling.clear();
    this.#given = given;
    return given;
  }

  /** release lets go of the memory. */
  release(): void {
    this.#filling = new Chunk();
    this.#given = new Chunk();
  }
}
