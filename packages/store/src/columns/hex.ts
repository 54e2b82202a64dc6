import { FixedColumn } from "./fixed.js";

/** HEX_PAIRS[byte] is its two lower-case hex digits as one little-endian 16-bit word. */
const HEX_PAIRS = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, "0");
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});

/**
 * HexColumn holds ids as lower-case hex. It writes FixedString, which needs no length per row; ClickHouse's cast to the
 * table's String drops trailing zero bytes, so an id that is not there becomes "".
 */
export class HexColumn extends FixedColumn<Uint16Array> {
  private readonly idLength: number;

  /** A column of ids of `idLength` bytes: 16 for traces, 8 for spans. */
  constructor(idLength: number) {
    super(`FixedString(${idLength * 2})`, idLength, new Uint16Array(1024 * idLength));
    this.idLength = idLength;
  }

  /** push appends the id at bytes[start]. */
  push(bytes: Uint8Array, start: number): void {
    const { idLength, at } = this;
    if (at === this.data.length) this.reserve(idLength);
    const { data } = this;
    for (let i = 0; i < idLength; i++) data[at + i] = HEX_PAIRS[bytes[start + i]];
    this.at = at + idLength;
  }

  /** pushAbsent appends "no id". */
  pushAbsent(): void {
    const { idLength, at } = this;
    if (at === this.data.length) this.reserve(idLength);
    this.data.fill(0, at, at + idLength);
    this.at = at + idLength;
  }

  protected larger(words: number): Uint16Array {
    const data = new Uint16Array(words);
    data.set(this.data);
    return data;
  }
}
