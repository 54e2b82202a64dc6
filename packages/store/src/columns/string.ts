import type { Mark, NativeColumn } from "./native-column.js";

const FIRST_BYTES = 64 * 1024;
/** Up to this length a loop over words beats the call of TypedArray.set and the view it needs (about 60 ns in Node 20). */
const LOOP_BYTES = 96;

/** StringColumn holds String: each value a length and its bytes, which is also how Native has it. */
export class StringColumn implements NativeColumn {
  readonly type = "String";
  rows = 0;
  private data = new Uint8Array(FIRST_BYTES);
  private view = new DataView(this.data.buffer);
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

  /** push appends bytes[start, end) as one value; `source` shows the same memory. */
  push(bytes: Uint8Array, source: DataView, start: number, end: number): void {
    const length = end - start;
    let at = this.at;
    if (at + length + 5 > this.data.length) this.grow(length + 5);
    const { data } = this;
    this.rows++;
    if (length <= LOOP_BYTES) {
      data[at++] = length;
      this.at = at + length;
      if (length >= 4) {
        // Four bytes at a time, the last four maybe twice: a quarter of the steps, and none beyond the end.
        const { view } = this;
        const last = end - 4;
        for (let from = start; from < last; from += 4, at += 4)
          view.setInt32(at, source.getInt32(from, true), true);
        view.setInt32(this.at - 4, source.getInt32(last, true), true);
      } else for (let i = start; i < end; i++) data[at++] = bytes[i];
      return;
    }
    let rest = length;
    while (rest > 0x7f) {
      data[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    data[at++] = rest;
    data.set(bytes.subarray(start, end), at);
    this.at = at + length;
  }

  /** byteLength is the size of all values so far, as Native has them. */
  get byteLength(): number {
    return this.at;
  }

  /** lengthAt gives byteLength at a mark. */
  lengthAt(mark: Mark): number {
    return this.byteMarks[mark];
  }

  /** pushEncoded appends `rows` values of `length` bytes as Native has them. */
  pushEncoded(values: Uint8Array, length: number, rows: number): void {
    if (this.at + length > this.data.length) this.grow(length);
    this.data.set(length === values.length ? values : values.subarray(0, length), this.at);
    this.at += length;
    this.rows += rows;
  }

  /** copyFrom copies what was appended since `byteLength` was `start`. */
  copyFrom(start: number, into: Uint8Array): void {
    into.set(this.data.subarray(start, this.at));
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
    this.push(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
  }

  /** pushDecimal appends an integer of 0 to 2^31 - 1 in decimal digits. */
  pushDecimal(value: number): void {
    if (this.at + 11 > this.data.length) this.grow(11);
    const { data, at } = this;
    let digits = 1;
    for (let rest = (value / 10) | 0; rest !== 0; rest = (rest / 10) | 0) digits++;
    data[at] = digits;
    let rest = value;
    for (let i = at + digits; i > at; i--) {
      const tenth = (rest / 10) | 0;
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
    this.view = new DataView(larger.buffer);
  }
}
