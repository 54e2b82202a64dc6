import { WIRE } from "./types.js";

const FIRST_CAPACITY = 1024;
const SHORT_TEXT = 64;

/**
 * WireWriter appends protobuf to a buffer that grows by doubling and is kept by `reset`.
 * Nested messages: `begin` before the content, `end` after it; lengths are always the shortest varint.
 */
export class WireWriter {
  private buffer: Buffer;
  private view: DataView;
  private at = 0;

  constructor(capacity: number = FIRST_CAPACITY) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(16, capacity));
    this.view = new DataView(this.buffer.buffer);
  }

  /** byteLength is the number of bytes written since the last reset. */
  get byteLength(): number {
    return this.at;
  }

  /** reset forgets what was written and keeps the memory. */
  reset(): void {
    this.at = 0;
  }

  /** finish gives a copy of what was written. */
  finish(): Uint8Array {
    const copy = new Uint8Array(this.at);
    copy.set(this.buffer.subarray(0, this.at));
    return copy;
  }

  /** tag writes a field number with its wire type. */
  tag(field: number, wireType: number): void {
    this.uint32((field << 3) | wireType);
  }

  /** uint32 writes a varint of up to 32 bits. */
  uint32(value: number): void {
    this.reserve(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }

  /** int32 writes a varint; negative numbers take ten bytes, as protobuf's int32 does. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.varint64(value >>> 0, 0xffffffff);
  }

  /** varint64 writes a varint from two unsigned halves. */
  varint64(lo: number, hi: number): void {
    this.reserve(10);
    let low = lo >>> 0;
    let high = hi >>> 0;
    while (high !== 0 || low > 0x7f) {
      this.buffer[this.at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.buffer[this.at++] = low;
  }

  /** fixed32 writes four bytes, little-endian. */
  fixed32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** fixed64 writes eight bytes from two unsigned halves. */
  fixed64(lo: number, hi: number): void {
    this.reserve(8);
    this.view.setUint32(this.at, lo, true);
    this.view.setUint32(this.at + 4, hi, true);
    this.at += 8;
  }

  /** double writes an IEEE 754 binary64. */
  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** bytes writes a length and the bytes. */
  bytes(value: Uint8Array): void {
    this.uint32(value.length);
    this.raw(value);
  }

  /** raw writes bytes as they are, such as a message encoded before. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  /** string writes a length and the text in UTF-8. */
  string(value: string): void {
    const { length } = value;
    if (length <= SHORT_TEXT) {
      // Short ASCII, nearly all there is: a loop beats two calls out of JavaScript.
      this.reserve(length + 1);
      const { buffer, at } = this;
      let all = 0;
      for (let i = 0; i < length; i++) {
        const unit = value.charCodeAt(i);
        all |= unit;
        buffer[at + 1 + i] = unit;
      }
      if (all < 0x80) {
        buffer[at] = length;
        this.at = at + 1 + length;
        return;
      }
    }
    const bytes = Buffer.byteLength(value);
    this.uint32(bytes);
    this.reserve(bytes);
    this.buffer.write(value, this.at, bytes, "utf8");
    this.at += bytes;
  }

  /** hex writes a length and the bytes that hex digits, an even number of them, stand for. */
  hex(value: string): void {
    const length = value.length >>> 1;
    this.uint32(length);
    this.reserve(length);
    this.buffer.write(value, this.at, length, "hex");
    this.at += length;
  }

  /** begin starts a nested message in `field` and returns the mark that `end` needs. */
  begin(field: number): number {
    this.tag(field, WIRE.BYTES);
    this.reserve(1);
    return ++this.at;
  }

  /** end puts the length of the nested message before it; contents of 128 bytes and more move to make room. */
  end(mark: number): void {
    const length = this.at - mark;
    let extra = 0;
    for (let rest = length >>> 7; rest !== 0; rest >>>= 7) extra++;
    if (extra > 0) {
      this.reserve(extra);
      this.buffer.copyWithin(mark + extra, mark, this.at);
      this.at += extra;
    }
    const end = this.at;
    this.at = mark - 1;
    this.uint32(length);
    this.at = end;
  }

  private reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.at));
    this.buffer = larger;
    this.view = new DataView(larger.buffer);
  }
}
