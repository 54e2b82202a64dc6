import { BatchWriter } from "./batch-writer.js";

const ATTRIBUTES = (9 << 3) | 2;
const noBytes = new Uint8Array(0);

/** SpanShare remembers where fields that many spans have lie in a request; it is made empty and belongs to a writer then. */
export interface SpanShare {
  request: number;
  index: number;
}

/**
 * SpanWriter writes an ExportTraceServiceRequest span by span. Ids come as bytes, times as unsigned 32-bit halves of
 * Unix nanoseconds. Fields may come in any order between beginSpan and endSpan; unset ones are left out.
 */
export class SpanWriter extends BatchWriter {
  constructor(capacity?: number, record?: number) {
    super(record === undefined ? { attributes: ATTRIBUTES } : { attributes: ATTRIBUTES, record }, capacity);
  }

  /**
   * shareAgain says whether the span that was begun needs nothing but its ids and times, since the fields that `share`
   * stands for are in the request already. Plain OTLP has no such thing: then the fields are to be written.
   */
  shareAgain(_share: SpanShare): boolean {
    return false;
  }

  /** keepShare makes `share` stand for the fields of the span that was begun. */
  keepShare(_share: SpanShare): void {}

  /** beginSpan starts a span in the current scope. */
  beginSpan(): void {
    this.beginRecord();
  }

  /** endSpan completes the span. */
  endSpan(): void {
    this.endRecord();
  }

  /** traceId takes 16 bytes from `start`. */
  traceId(bytes: Uint8Array, start: number): void {
    this.id((1 << 3) | 2, bytes, start, 16);
  }

  /** spanId takes 8 bytes from `start`. */
  spanId(bytes: Uint8Array, start: number): void {
    this.id((2 << 3) | 2, bytes, start, 8);
  }

  /** parentSpanId takes 8 bytes from `start`; leave it out for a root. */
  parentSpanId(bytes: Uint8Array, start: number): void {
    this.id((4 << 3) | 2, bytes, start, 8);
  }

  /** traceState takes the header's text. */
  traceState(text: string): void {
    this.reserve(text.length * 3 + 16);
    this.buffer[this.at++] = (3 << 3) | 2;
    this.text(text);
  }

  /** flags takes the W3C flags in bits 0 to 7 and OTLP's remote-parent bits in 8 and 9. */
  flags(flags: number): void {
    this.reserve(16);
    this.buffer[this.at++] = ((16 << 3) | 5) & 0xff;
    this.buffer[this.at++] = 1;
    this.view.setUint32(this.at, flags, true);
    this.at += 4;
  }

  /** name takes the span's name. */
  name(text: string): void {
    this.reserve(text.length * 3 + 16);
    this.buffer[this.at++] = (5 << 3) | 2;
    this.text(text);
  }

  /** nameBytes takes the span's name from bytes[start, end). */
  nameBytes(bytes: Uint8Array, start: number, end: number): void {
    this.reserve((end - start) * 3 + 16);
    this.buffer[this.at++] = (5 << 3) | 2;
    this.textBytes(bytes, start, end);
  }

  /** kind takes one of SPAN_KIND. */
  kind(kind: number): void {
    this.reserve(16);
    this.buffer[this.at++] = 6 << 3;
    this.varint32(kind);
  }

  /** startTime takes Unix nanoseconds as halves. */
  startTime(lo: number, hi: number): void {
    this.reserve(16);
    this.buffer[this.at++] = (7 << 3) | 1;
    this.fixed64(lo, hi);
  }

  /** endTime takes Unix nanoseconds as halves. */
  endTime(lo: number, hi: number): void {
    this.reserve(16);
    this.buffer[this.at++] = (8 << 3) | 1;
    this.fixed64(lo, hi);
  }

  /** status takes one of STATUS_CODE and, for errors, a message. */
  status(code: number, message = ""): void {
    const text = message === "" ? undefined : Buffer.from(message, "utf8");
    const size =
      text === undefined ? 0 : text.length + (text.length < 0x80 ? 2 : text.length < 0x4000 ? 3 : 6);
    this.reserve(size + 32);
    this.buffer[this.at++] = (15 << 3) | 2;
    if (text === undefined) this.varint32(2);
    else {
      const head = size - text.length;
      this.varint32(size + 2);
      this.buffer[this.at++] = (2 << 3) | 2;
      this.paddedLength(text.length, head - 1);
      this.copy(text, 0, text.length);
    }
    this.buffer[this.at++] = 3 << 3;
    this.buffer[this.at++] = code & 0x7f;
  }

  /**
   * link adds a link to the span whose trace id (16 bytes) is at bytes[trace] and whose id (8) at bytes[span]; `flags` are as in
   * flags(). A span with links is one of its own: what it has is no share.
   */
  link(bytes: Uint8Array, trace: number, span: number, flags: number, traceState = ""): void {
    const state = traceState === "" ? undefined : Buffer.from(traceState, "utf8");
    const { length } = state ?? noBytes;
    const size = length === 0 ? 0 : length + (length < 0x80 ? 2 : length < 0x4000 ? 3 : 6);
    this.reserve(size + 64);
    this.buffer[this.at++] = (13 << 3) | 2;
    this.varint32(18 + 10 + 5 + size);
    this.id((1 << 3) | 2, bytes, trace, 16);
    this.id((2 << 3) | 2, bytes, span, 8);
    if (state !== undefined) {
      this.buffer[this.at++] = (3 << 3) | 2;
      this.paddedLength(length, size - length - 1);
      this.copy(state, 0, length);
    }
    this.buffer[this.at++] = (6 << 3) | 5;
    this.view.setUint32(this.at, flags, true);
    this.at += 4;
  }

  /** droppedLinks says how many links there were besides. */
  droppedLinks(count: number): void {
    this.reserve(16);
    this.buffer[this.at++] = 14 << 3;
    this.varint32(count);
  }

  private id(tag: number, bytes: Uint8Array, start: number, length: number): void {
    this.reserve(24);
    const { buffer } = this;
    let at = this.at;
    buffer[at++] = tag;
    buffer[at++] = length;
    for (let i = start; i < start + length; i++) buffer[at++] = bytes[i] ?? 0;
    this.at = at;
  }

  private paddedLength(value: number, width: number): void {
    let rest = value;
    for (let i = 1; i < width; i++) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }
}
