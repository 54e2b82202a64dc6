import { FixedColumn } from "./fixed.js";
import type { Mark, NativeColumn } from "./native-column.js";

const FIRST_ROWS = 1024;

/** IdColumn holds ids that every row has, as the bytes that they are: FixedString. */
export class IdColumn extends FixedColumn<Uint8Array> {
  private readonly idLength: number;

  /** A column of ids of `idLength` bytes: 16 for traces, 8 for spans. */
  constructor(idLength: number) {
    super(`FixedString(${idLength})`, idLength, new Uint8Array(FIRST_ROWS * idLength));
    this.idLength = idLength;
  }

  /** push appends the id at bytes[start]. */
  push(bytes: Uint8Array, start: number): void {
    const { idLength, at } = this;
    if (at === this.data.length) this.reserve(idLength);
    const { data } = this;
    for (let i = 0; i < idLength; i++) data[at + i] = bytes[start + i];
    this.at = at + idLength;
  }

  protected larger(words: number): Uint8Array {
    const data = new Uint8Array(words);
    data.set(this.data);
    return data;
  }
}

/** OptionalIdColumn holds ids that may be absent: String, each id's bytes or none. */
export class OptionalIdColumn implements NativeColumn {
  readonly type = "String";
  rows = 0;
  private readonly idLength: number;
  private data: Uint8Array;
  private at = 0;
  private readonly rowMarks: [number, number] = [0, 0];
  private readonly byteMarks: [number, number] = [0, 0];

  /** A column of ids of `idLength` bytes, at most 127. */
  constructor(idLength: number) {
    this.idLength = idLength;
    this.data = new Uint8Array(FIRST_ROWS * (idLength + 1));
  }

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

  /** push appends the id at bytes[start]. */
  push(bytes: Uint8Array, start: number): void {
    const { idLength } = this;
    this.reserve();
    const { data } = this;
    data[this.at++] = idLength;
    for (let i = 0; i < idLength; i++) data[this.at + i] = bytes[start + i];
    this.at += idLength;
    this.rows++;
  }

  /** pushAbsent appends "no id". */
  pushAbsent(): void {
    this.reserve();
    this.data[this.at++] = 0;
    this.rows++;
  }

  private reserve(): void {
    if (this.at + this.idLength + 1 <= this.data.length) return;
    const larger = new Uint8Array(this.data.length * 2);
    larger.set(this.data.subarray(0, this.at));
    this.data = larger;
  }
}
