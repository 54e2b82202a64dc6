import type { Mark, NativeColumn } from "./native-column.js";

const FIRST_ROWS = 1024;

type Words = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/**
 * FixedColumn is what columns of fixed-width values share: one typed array, `words` elements a row. Native is
 * little-endian, as are all machines that Node's releases for Linux run on but s390x (nativeBlock refuses there).
 */
export abstract class FixedColumn<Data extends Words> implements NativeColumn {
  readonly type: string;
  protected data: Data;
  protected at = 0;
  private readonly words: number;
  private readonly marks: [number, number] = [0, 0];

  constructor(type: string, words: number, first: Data) {
    this.type = type;
    this.words = words;
    this.data = first;
  }

  get rows(): number {
    return this.at / this.words;
  }

  prefixLength(): number {
    return 0;
  }

  writePrefix(_target: Uint8Array, at: number): number {
    return at;
  }

  dataLength(): number {
    return this.at * this.data.BYTES_PER_ELEMENT;
  }

  writeData(target: Uint8Array, at: number): number {
    const length = this.dataLength();
    target.set(new Uint8Array(this.data.buffer, this.data.byteOffset, length), at);
    return at + length;
  }

  mark(mark: Mark): void {
    this.marks[mark] = this.at;
  }

  rollback(mark: Mark): void {
    this.at = this.marks[mark];
  }

  reset(): void {
    this.at = 0;
  }

  /** larger gives an array of at least `words` elements that starts with what is there. */
  protected abstract larger(words: number): Data;

  protected reserve(words: number): void {
    const needed = this.at + words;
    if (needed > this.data.length) this.data = this.larger(Math.max(needed, this.data.length * 2));
  }
}

/** UInt8Column holds UInt8, and Enum8 values of 0 to 127. */
export class UInt8Column extends FixedColumn<Uint8Array> {
  constructor(type = "UInt8") {
    super(type, 1, new Uint8Array(FIRST_ROWS));
  }

  push(value: number): void {
    if (this.at === this.data.length) this.reserve(1);
    this.data[this.at++] = value;
  }

  /** fill appends the same value `count` times. */
  fill(value: number, count: number): void {
    this.reserve(count);
    this.data.fill(value, this.at, this.at + count);
    this.at += count;
  }

  protected larger(words: number): Uint8Array {
    const data = new Uint8Array(words);
    data.set(this.data);
    return data;
  }
}

/** UInt32Column holds UInt32. */
export class UInt32Column extends FixedColumn<Uint32Array> {
  constructor() {
    super("UInt32", 1, new Uint32Array(FIRST_ROWS));
  }

  push(value: number): void {
    if (this.at === this.data.length) this.reserve(1);
    this.data[this.at++] = value;
  }

  protected larger(words: number): Uint32Array {
    const data = new Uint32Array(words);
    data.set(this.data);
    return data;
  }
}

/** Int32Column holds Int32. */
export class Int32Column extends FixedColumn<Int32Array> {
  constructor() {
    super("Int32", 1, new Int32Array(FIRST_ROWS));
  }

  push(value: number): void {
    if (this.at === this.data.length) this.reserve(1);
    this.data[this.at++] = value;
  }

  protected larger(words: number): Int32Array {
    const data = new Int32Array(words);
    data.set(this.data);
    return data;
  }
}

/** Float64Column holds Float64. */
export class Float64Column extends FixedColumn<Float64Array> {
  constructor() {
    super("Float64", 1, new Float64Array(FIRST_ROWS));
  }

  push(value: number): void {
    if (this.at === this.data.length) this.reserve(1);
    this.data[this.at++] = value;
  }

  protected larger(words: number): Float64Array {
    const data = new Float64Array(words);
    data.set(this.data);
    return data;
  }
}

/** Int64Column holds UInt64 or Int64 as low and high half: no BigInt is made. */
export class Int64Column extends FixedColumn<Uint32Array> {
  constructor(type: "UInt64" | "Int64") {
    super(type, 2, new Uint32Array(2 * FIRST_ROWS));
  }

  push(lo: number, hi: number): void {
    const { at } = this;
    if (at === this.data.length) this.reserve(2);
    this.data[at] = lo;
    this.data[at + 1] = hi;
    this.at = at + 2;
  }

  /** fill appends the same value `count` times. */
  fill(lo: number, hi: number, count: number): void {
    this.reserve(2 * count);
    const end = this.at + 2 * count;
    for (let i = this.at; i < end; i += 2) {
      this.data[i] = lo;
      this.data[i + 1] = hi;
    }
    this.at = end;
  }

  protected larger(words: number): Uint32Array {
    const data = new Uint32Array(words);
    data.set(this.data);
    return data;
  }
}
