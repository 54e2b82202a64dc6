const FIRST_SLOTS = 256;
const FIRST_BYTES = 4096;
/** A seed per process: nobody outside can prepare texts that all fall into one slot. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 0;

/**
 * Dictionary numbers the distinct texts of a column within one block; number 0 is always "".
 * Texts are kept as Native wants a String column: length, bytes, length, bytes.
 */
export class Dictionary {
  /** Number of distinct texts. */
  size = 0;
  private data = new Uint8Array(FIRST_BYTES);
  private view = new DataView(this.data.buffer);
  private at = 0;
  private starts = new Uint32Array(FIRST_SLOTS);
  private lengths = new Uint32Array(FIRST_SLOTS);
  private hashes = new Int32Array(FIRST_SLOTS);
  /** followers[n] is the text that came after text n last time: attributes come in the same order span after span. */
  private followers = new Int32Array(FIRST_SLOTS);
  /** Open addressing, text number + 1; half full at most. */
  private slots = new Int32Array(2 * FIRST_SLOTS);

  constructor() {
    this.reset();
  }

  /** byteLength is the size of the texts as a Native String column. */
  get byteLength(): number {
    return this.at;
  }

  /** textOf gives the bytes of text `number`, until something is added. */
  textOf(number: number): Uint8Array {
    const start = this.starts[number];
    return this.data.subarray(start, start + this.lengths[number]);
  }

  /** write writes the texts as a Native String column and returns the offset behind them. */
  write(target: Uint8Array, at: number): number {
    target.set(this.data.subarray(0, this.at), at);
    return at + this.at;
  }

  /** reset forgets all texts but "". */
  reset(): void {
    this.size = 0;
    this.at = 0;
    this.slots.fill(0);
    this.numberOf(this.data, this.view, 0, 0);
  }

  /** truncate forgets the texts from number `size` on. */
  truncate(size: number): void {
    if (size >= this.size) return;
    this.at = this.starts[size] - lengthBytes(this.lengths[size]);
    this.size = size;
    this.followers.fill(0);
    this.rehash();
  }

  /** numberAfter is numberOf, tried first with the text that followed text `previous` last time. */
  numberAfter(previous: number, bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const guess = this.followers[previous];
    if (guess < this.size && this.equals(guess, bytes, view, start, end)) return guess;
    const found = this.numberOf(bytes, view, start, end);
    this.followers[previous] = found;
    return found;
  }

  /** numberOf gives the number of bytes[start, end), a new one if the text is new. `view` shows the same memory. */
  numberOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const hash = hashOf(bytes, view, start, end);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let taken = this.slots[slot]; taken !== 0; taken = this.slots[slot]) {
      if (this.hashes[taken - 1] === hash && this.equals(taken - 1, bytes, view, start, end))
        return taken - 1;
      slot = (slot + 1) & mask;
    }
    return this.add(slot, hash, bytes, start, end);
  }

  private equals(number: number, bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const length = end - start;
    if (this.lengths[number] !== length) return false;
    let own = this.starts[number];
    if (length < 4) {
      for (let at = start; at < end; at++, own++) if (bytes[at] !== this.data[own]) return false;
      return true;
    }
    const mine = this.view;
    const last = end - 4;
    for (let at = start; at < last; at += 4, own += 4) {
      if (view.getInt32(at, true) !== mine.getInt32(own, true)) return false;
    }
    // The last four bytes, some of them maybe for the second time.
    return view.getInt32(last, true) === mine.getInt32(this.starts[number] + length - 4, true);
  }

  private add(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const number = this.size++;
    if (number === this.starts.length) this.growTexts();
    if (this.at + length + 5 > this.data.length) this.growData(length + 5);
    let rest = length;
    while (rest > 0x7f) {
      this.data[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.data[this.at++] = rest;
    this.starts[number] = this.at;
    this.lengths[number] = length;
    this.hashes[number] = hash;
    this.followers[number] = 0;
    this.data.set(bytes.subarray(start, end), this.at);
    this.at += length;
    this.slots[slot] = number + 1;
    if (this.size * 2 > this.slots.length) {
      this.slots = new Int32Array(this.slots.length * 2);
      this.rehash();
    }
    return number;
  }

  private rehash(): void {
    this.slots.fill(0);
    const mask = this.slots.length - 1;
    for (let number = 0; number < this.size; number++) {
      let slot = this.hashes[number] & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = number + 1;
    }
  }

  private growTexts(): void {
    const size = this.starts.length * 2;
    const starts = new Uint32Array(size);
    const lengths = new Uint32Array(size);
    const hashes = new Int32Array(size);
    const followers = new Int32Array(size);
    starts.set(this.starts);
    lengths.set(this.lengths);
    hashes.set(this.hashes);
    followers.set(this.followers);
    this.starts = starts;
    this.lengths = lengths;
    this.hashes = hashes;
    this.followers = followers;
  }

  private growData(more: number): void {
    const larger = new Uint8Array(Math.max(this.at + more, this.data.length * 2));
    larger.set(this.data.subarray(0, this.at));
    this.data = larger;
    this.view = new DataView(larger.buffer);
  }
}

function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : length < 0x10000000 ? 4 : 5;
}

/** hashOf mixes four bytes at a time by odd multipliers with the seed; good slots are all that is asked of it. */
function hashOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let hash = SEED ^ (end - start);
  let at = start;
  for (const last = end - 4; at <= last; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
