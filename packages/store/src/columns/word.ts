import { Dictionary } from "./dictionary.js";
import type { Mark, NativeColumn } from "./native-column.js";

const FIRST_ROWS = 1024;
/** Serialization version of LowCardinality's state: one dictionary for the block ("shared dictionaries with additional keys"). */
const KEYS_VERSION = 1;
/** Flags of a LowCardinality block: its keys come with it, and it replaces what dictionary the reader had. */
const HAS_ADDITIONAL_KEYS = 1 << 9;
const NEED_UPDATE_DICTIONARY = 1 << 10;

/** Short ASCII texts are looked up from here, without memory of their own. */
const SCRATCH = new Uint8Array(64);
const SCRATCH_VIEW = new DataView(SCRATCH.buffer);

/**
 * WordColumn holds LowCardinality(String): each distinct text once, and a number of 1, 2 or 4 bytes per row.
 * The engine takes the dictionary over as it is, which is cheaper for it than plain strings.
 */
export class WordColumn implements NativeColumn {
  readonly type = "LowCardinality(String)";
  readonly dictionary: Dictionary;
  rows = 0;
  private numbers = new Uint32Array(FIRST_ROWS);
  private readonly marks: [number, number] = [0, 0];
  private dictionaryMark = 1;

  /** A column with its own dictionary. */
  constructor() {
    this.dictionary = new Dictionary();
  }

  prefixLength(): number {
    return 8;
  }

  writePrefix(target: Uint8Array, at: number): number {
    return writeUInt64(target, at, KEYS_VERSION);
  }

  dataLength(): number {
    if (this.rows === 0) return 0;
    return 24 + this.dictionary.byteLength + this.rows * numberBytes(this.dictionary.size);
  }

  writeData(target: Uint8Array, at: number): number {
    if (this.rows === 0) return at;
    const width = numberBytes(this.dictionary.size);
    const widthCode = width === 1 ? 0 : width === 2 ? 1 : 2;
    let end = writeUInt64(target, at, HAS_ADDITIONAL_KEYS | NEED_UPDATE_DICTIONARY | widthCode);
    end = writeUInt64(target, end, this.dictionary.size);
    end = this.dictionary.write(target, end);
    end = writeUInt64(target, end, this.rows);
    const { numbers, rows } = this;
    if (width === 1) for (let i = 0; i < rows; i++) target[end + i] = numbers[i];
    else if (width === 2) {
      for (let i = 0, to = end; i < rows; i++, to += 2) {
        const number = numbers[i];
        target[to] = number;
        target[to + 1] = number >>> 8;
      }
    } else target.set(new Uint8Array(numbers.buffer, 0, rows * 4), end);
    return end + rows * width;
  }

  mark(mark: Mark): void {
    this.marks[mark] = this.rows;
    // Texts of a row that was taken back stay until the request ends; taking them out costs a rehash.
    if (mark === 0) this.dictionaryMark = this.dictionary.size;
  }

  rollback(mark: Mark): void {
    this.rows = this.marks[mark];
    if (mark === 0) this.dictionary.truncate(this.dictionaryMark);
  }

  reset(): void {
    this.rows = 0;
    this.dictionary.reset();
  }

  /** push appends a number that the dictionary gave. */
  push(number: number): void {
    if (this.rows === this.numbers.length) this.grow(1);
    this.numbers[this.rows++] = number;
  }

  /** pushBytes appends bytes[start, end). */
  pushBytes(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.push(start === end ? 0 : this.dictionary.numberOf(bytes, view, start, end));
  }

  /** fill appends the same number `count` times. */
  fill(number: number, count: number): void {
    if (this.rows + count > this.numbers.length) this.grow(count);
    this.numbers.fill(number, this.rows, this.rows + count);
    this.rows += count;
  }

  /** pushList appends the first `count` numbers of a list. */
  pushList(list: Uint32Array, count: number): void {
    if (this.rows + count > this.numbers.length) this.grow(count);
    const { numbers, rows } = this;
    for (let i = 0; i < count; i++) numbers[rows + i] = list[i];
    this.rows = rows + count;
  }

  /** rowsAt gives the number of rows at a mark. */
  rowsAt(mark: Mark): number {
    return this.marks[mark];
  }

  /** copyLast copies the last `count` numbers. */
  copyLast(count: number, into: Uint32Array): void {
    const first = this.rows - count;
    for (let i = 0; i < count; i++) into[i] = this.numbers[first + i];
  }

  /** repeat appends the same list of numbers `count` times. */
  repeat(list: Uint32Array, count: number): void {
    const total = list.length * count;
    if (total === 0) return;
    if (this.rows + total > this.numbers.length) this.grow(total);
    const { numbers } = this;
    const first = this.rows;
    numbers.set(list, first);
    // Double what is there until it is enough: log2(count) calls.
    for (let done = list.length; done < total; done *= 2) {
      numbers.copyWithin(first + done, first, first + Math.min(done, total - done));
    }
    this.rows += total;
  }

  /** numberOfText gives the dictionary's number of a JavaScript string. */
  numberOfText(text: string): number {
    const { length } = text;
    if (length <= SCRATCH.length) {
      let all = 0;
      for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        all |= unit;
        SCRATCH[i] = unit;
      }
      if (all < 0x80) return this.dictionary.numberOf(SCRATCH, SCRATCH_VIEW, 0, length);
    }
    const bytes = Buffer.from(text, "utf8");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.dictionary.numberOf(bytes, view, 0, bytes.length);
  }

  private grow(more: number): void {
    const larger = new Uint32Array(Math.max(this.rows + more, this.numbers.length * 2));
    larger.set(this.numbers.subarray(0, this.rows));
    this.numbers = larger;
  }
}

function numberBytes(size: number): number {
  return size <= 0x100 ? 1 : size <= 0x10000 ? 2 : 4;
}

function writeUInt64(target: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) target[at + i] = value >>> (8 * i);
  target.fill(0, at + 4, at + 8);
  return at + 8;
}
