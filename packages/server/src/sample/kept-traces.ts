import { randomInt } from "node:crypto";

/** ID_BYTES is the length of a trace id. */
export const ID_BYTES = 16;
const WORDS = 4;
const FIRST_SLOTS = 1024;
/** SLOTS_MAX bounds the memory: 24 bytes a slot, 24 MiB in all; of more than 629,000 traces the oldest are forgotten. */
const SLOTS_MAX = 1 << 20;
const LOAD = 0.6;
/** FORGOTTEN is the share that goes when there is no room: making room costs a pass over all of them. */
const FORGOTTEN = 0.25;

/**
 * KeptTraces remembers ids of traces that are kept for what one of their spans is. A table of numbers: an id is looked up for
 * every span that comes in, in 40 to 70 ns where text keys in a Map took 280 (100,000 ids).
 */
export class KeptTraces {
  #ids = new Uint32Array(FIRST_SLOTS * WORDS);
  /** When each was added, counted in additions; 0 is a free slot. */
  #stamps = new Float64Array(FIRST_SLOTS);
  /** Odd factors of chance: nobody can send ids that all belong into one slot. */
  readonly #factors = { f: oddNumber(), g: oddNumber(), h: oddNumber(), i: oddNumber() };
  #clock = 0;
  #size = 0;
  readonly #slotsMax: number;
  #forgotten = 0;
  #added = 0;

  constructor(slotsMax: number = SLOTS_MAX) {
    this.#slotsMax = slotsMax;
  }

  /** size is how many are remembered. */
  get size(): number {
    return this.#size;
  }

  /** added counts what was new. */
  get added(): number {
    return this.#added;
  }

  /** forgotten is how many were forgotten to make room. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** has tells whether the trace whose id begins at `at` is kept. */
  has(bytes: Uint8Array, at: number): boolean {
    return this.#size > 0 && this.#stamps[this.#slotOf(bytes, at)] !== 0;
  }

  /** add remembers a trace; false when it is known already. */
  add(bytes: Uint8Array, at: number): boolean {
    let slot = this.#slotOf(bytes, at);
    const isNew = this.#stamps[slot] === 0;
    if (isNew && this.#size + 1 > this.#stamps.length * LOAD) {
      this.#makeRoom();
      slot = this.#slotOf(bytes, at);
    }
    this.#clock++;
    if (isNew) this.#added++;
    // One that is named again is as young as a new one.
    if (isNew) this.#put(slot, bytes, at, this.#clock);
    else this.#stamps[slot] = this.#clock;
    return isNew;
  }

  /** ids gives all of them, one behind the other, in no order. */
  ids(): Uint8Array {
    const all = new Uint8Array(this.#size * ID_BYTES);
    let at = 0;
    for (let slot = 0; slot < this.#stamps.length; slot++) {
      if (this.#stamps[slot] === 0) continue;
      this.#write(all, at, slot);
      at += ID_BYTES;
    }
    return all;
  }

  #write(into: Uint8Array, at: number, slot: number): void {
    for (let word = 0; word < WORDS; word++) {
      const value = this.#ids[slot * WORDS + word] ?? 0;
      for (let byte = 0; byte < 4; byte++) into[at + 4 * word + byte] = value >>> (8 * byte);
    }
  }

  #makeRoom(): void {
    const isFull = this.#stamps.length >= this.#slotsMax;
    const [stamps, ids] = [this.#stamps, this.ids()];
    const ages = stamps.filter((stamp) => stamp !== 0);
    const youngestGone = isFull ? (ages.toSorted()[Math.floor(ages.length * FORGOTTEN)] ?? 0) : 0;
    const slots = isFull ? stamps.length : 2 * stamps.length;
    this.#ids = new Uint32Array(slots * WORDS);
    this.#stamps = new Float64Array(slots);
    this.#size = 0;
    for (const [number, stamp] of ages.entries()) {
      if (stamp <= youngestGone) this.#forgotten++;
      else this.#put(this.#slotOf(ids, number * ID_BYTES), ids, number * ID_BYTES, stamp);
    }
  }

  #put(slot: number, bytes: Uint8Array, at: number, stamp: number): void {
    this.#stamps[slot] = stamp;
    for (let word = 0; word < WORDS; word++) this.#ids[slot * WORDS + word] = wordOf(bytes, at + 4 * word);
    this.#size++;
  }

  /** slotOf finds the id, or the free slot where it belongs. */
  #slotOf(bytes: Uint8Array, at: number): number {
    const a = wordOf(bytes, at);
    const b = wordOf(bytes, at + 4);
    const c = wordOf(bytes, at + 8);
    const d = wordOf(bytes, at + 12);
    const stamps = this.#stamps;
    const ids = this.#ids;
    const mask = stamps.length - 1;
    const { f, g, h, i } = this.#factors;
    const mixed = Math.imul(a, f) ^ Math.imul(b, g) ^ Math.imul(c, h) ^ Math.imul(d, i);
    let slot = ((mixed ^ (mixed >>> 15)) >>> 0) & mask;
    while (stamps[slot] !== 0) {
      const first = slot * WORDS;
      if (ids[first] === a && ids[first + 1] === b && ids[first + 2] === c && ids[first + 3] === d)
        return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}

function oddNumber(): number {
  return randomInt(2 ** 31) * 2 + 1;
}

function wordOf(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}
