import { TelemetryError } from "../errors.js";
import { MAX_DEPTH, WIRE } from "./types.js";

/**
 * WireReader walks one protobuf message in place. It never reads outside the given range, and every failure is a
 * TelemetryError `malformed-protobuf` with the byte offset. 64-bit values come as `lo` and `hi` (unsigned 32-bit halves),
 * so that nobody pays for a BigInt who does not want one.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  /** Next byte to read. */
  pos: number;
  /** First byte after the message that is being read. */
  end: number;
  /** Wire type of the last tag. */
  wireType = 0;
  /** Low and high half of the last 64-bit value. */
  lo = 0;
  hi = 0;
  private depth = 0;
  private readonly text: Buffer;
  /** The same memory, for reading numbers at any offset. */
  readonly view: DataView;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`a message from ${start} to ${end} does not lie in ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
    this.text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** next reads a tag, sets `wireType` and returns the field number, or 0 at the end of the message. */
  next(): number {
    if (this.pos >= this.end) return 0;
    const at = this.pos;
    const tag = this.bytes[at];
    // One byte and a wire type of 0, 1, 2 or 5: fields 1 to 15, nearly all there are.
    if (tag < 0x80 && tag > 7 && ((0b100111 >> (tag & 7)) & 1) === 1) {
      this.pos = at + 1;
      this.wireType = tag & 7;
      return tag >>> 3;
    }
    this.varint64();
    const field = this.lo >>> 3;
    if (this.hi !== 0 || field === 0) throw malformed(at, "a field number of 0 or above 2^29");
    this.wireType = this.lo & 7;
    if (this.wireType > WIRE.FIXED32) throw malformed(at, `field ${field} has wire type ${this.wireType}`);
    if (this.wireType === WIRE.START_GROUP || this.wireType === WIRE.END_GROUP) {
      throw malformed(at, `field ${field} is a group, which OTLP never had`);
    }
    return field;
  }

  /** expect throws unless the last tag had this wire type. */
  expect(wireType: number, field: number): void {
    if (this.wireType !== wireType) {
      throw malformed(this.pos, `field ${field} has wire type ${this.wireType}, not ${wireType}`);
    }
  }

  /** skip passes over the value of the last tag. */
  skip(): void {
    if (this.wireType === WIRE.VARINT) this.varint64();
    else if (this.wireType === WIRE.BYTES) {
      const length = this.length();
      this.pos += length;
    } else this.advance(this.wireType === WIRE.FIXED64 ? 8 : 4);
  }

  /** varint64 reads a varint into `lo` and `hi`; more than 10 bytes or 64 bits are refused. */
  varint64(): void {
    const { bytes, end } = this;
    const start = this.pos;
    let at = start;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw malformed(start, "a varint is cut off");
      const byte = bytes[at++] ?? 0;
      const low = byte & 0x7f;
      if (shift < 28) lo |= low << shift;
      else if (shift === 28) {
        lo |= low << 28;
        hi = low >>> 4;
      } else if (shift < 63) hi |= low << (shift - 32);
      else if (byte > 1) break;
      else hi |= low << 31;
      if (byte < 0x80) {
        this.pos = at;
        this.lo = lo >>> 0;
        this.hi = hi >>> 0;
        return;
      }
    }
    throw malformed(start, "a varint has more than 10 bytes or 64 bits");
  }

  /** uint32 reads a varint and keeps its low 32 bits, as protobuf does for the 32-bit types. */
  uint32(): number {
    const first = this.pos < this.end ? (this.bytes[this.pos] ?? 0x80) : 0x80;
    if (first < 0x80) {
      this.pos++;
      return first;
    }
    this.varint64();
    return this.lo;
  }

  /** length reads the length of a length-delimited value and checks that so many bytes are left. */
  length(): number {
    const at = this.pos;
    let length = at < this.end ? (this.bytes[at] ?? 0x80) : 0x80;
    if (length < 0x80) this.pos = at + 1;
    else {
      this.varint64();
      length = this.hi === 0 ? this.lo : Number.POSITIVE_INFINITY;
    }
    if (length > this.end - this.pos) {
      throw malformed(at, `a length of ${length} goes beyond the message's end at ${this.end}`);
    }
    return length;
  }

  /** fixed32 reads four bytes, little-endian, unsigned. */
  fixed32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** fixed64 reads eight bytes into `lo` and `hi`. */
  fixed64(): void {
    const at = this.advance(8);
    this.lo = this.view.getUint32(at, true);
    this.hi = this.view.getUint32(at + 4, true);
  }

  /** double reads an IEEE 754 binary64. */
  double(): number {
    return this.view.getFloat64(this.advance(8), true);
  }

  /** range reads a length-delimited value as a view of the same memory, not a copy. */
  range(): Uint8Array {
    const length = this.length();
    const start = this.pos;
    this.pos += length;
    return this.bytes.subarray(start, this.pos);
  }

  /** string reads UTF-8; broken sequences become U+FFFD. */
  string(): string {
    const length = this.length();
    const start = this.pos;
    this.pos += length;
    return this.text.toString("utf8", start, this.pos);
  }

  /** hex reads bytes as lower-case hex text. */
  hex(): string {
    const length = this.length();
    const start = this.pos;
    this.pos += length;
    return this.text.toString("hex", start, this.pos);
  }

  /** enter goes into a nested message and returns what `leave` needs to come back. */
  enter(): number {
    const length = this.length();
    if (++this.depth > MAX_DEPTH) {
      throw new TelemetryError(
        "nested-too-deep",
        `reading protobuf: more than ${MAX_DEPTH} nested messages`,
        {
          offset: this.pos,
        },
      );
    }
    const outer = this.end;
    this.end = this.pos + length;
    return outer;
  }

  /** leave ends a nested message. */
  leave(outer: number): void {
    this.depth--;
    this.end = outer;
  }

  private advance(count: number): number {
    const at = this.pos;
    if (count > this.end - at) throw malformed(at, `${count} bytes are needed, ${this.end - at} are left`);
    this.pos = at + count;
    return at;
  }
}

/** malformed makes the error for bytes that are not the protobuf they should be. */
export function malformed(offset: number, why: string): TelemetryError {
  return new TelemetryError("malformed-protobuf", `reading protobuf at byte ${offset}: ${why}`, {
    offset,
    hint: "check that the body is the OTLP message of this path, whole, and that its Content-Encoding header is right",
  });
}
