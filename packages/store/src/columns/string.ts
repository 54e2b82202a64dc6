import type { Mark, NativeColumn } from "./native-column.js";

const FIRST_BYTES = 64 * 1024;
/** Up to this length a loop beats the call of TypedArray.set and the view it needs (about 60 ns in Node 20). */
const LOOP_BYTES = 48;

/** StringColumn holds String: each value a length and its bytes, which is also how Native has it. */
export class StringColumn implements NativeColumn {
  readonly type = "String";
  rows = 0;
  private data = new Uint8Array(FIRST_BYTES);
  private at = 0;
  private readonly rowMarks: [number, number] = [0, 0];
  private readonly byteMarks: [number, number] = [0, 0];

  prefixLength(): number {
    return 0;
  }

  writePrefix(_target: Uint8Array, at: number): number {
    return at;
  }

  dataLength(): number {
    return this.at;
  }

  writeData(target: Uint8Array, at: number): number {
    target.set(this.data.subarray(0, this.at), at);
    return at + this.at;
  }

  mark(mark: Mark): void {
    this.rowMarks[mark] = this.rows;
    this.byteMarks[mark] = this.at;
  }

  rollback(mark: Mark): void {
    this.rows = this.rowMarks[mark];
    this.at = this.byteMarks[mark];
  }

  reset(): void {
    this.rows = 0;
    this.at = 0;
  }

  /** push appends bytes[start, end) as one value. */
  push(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    let at = this.at;
    if (at + length + 5 > this.data.length) this.grow(length + 5);
    const { data } = this;
    let rest = length;
    while (rest > 0x7f) {
      data[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    data[at++] = rest;
    if (length <= LOOP_BYTES) for (let i = start; i < end; i++) data[at++] = bytes[i];
    else {
      data.set(bytes.subarray(start, end), at);
      at += length;
    }
    this.at = at;
    this.rows++;
  }

  /** pushEmpty appends the empty string. */
  pushEmpty(): void {
    if (this.at === this.data.length) this.grow(1);
    this.data[this.at++] = 0;
    this.rows++;
  }

  /** pushText appends a JavaScript string in UTF-8. */
  pushText(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    this.push(bytes, 0, bytes.length);
  }

  /** pushDecimal appends an integer of 0 to 2^32 - 1 in decimal digits. */
  pushDecimal(value: number): void {
    let digits = 1;
    for (let power = 10; power <= value && digits < 10; power *= 10) digits++;
    if (this.at + 11 > this.data.length) this.grow(11);
    const { data, at } = this;
    data[at] = digits;
    let rest = value;
    for (let i = at + digits; i > at; i--) {
      const tenth = Math.floor(rest / 10);
      data[i] = 48 + rest - tenth * 10;
      rest = tenth;
    }
    this.at = at + digits + 1;
    this.rows++;
  }

  private grow(more: number): void {
    const larger = new Uint8Array(Math.max(this.at + more, this.data.length * 2));
    larger.set(this.data.subarray(0, this.at));
    this.data = larger;
  }
}
