import { type SpanShare, SpanWriter } from "./span-writer.js";

/** FUSED is the layout of docs/fused-otlp.md: fields of the request, of items, of FusedScopeSpans, and a row's bytes. */
export const FUSED = {
  /** Fields of the request: what each signal has as field 1 of its own, and the attributes that items name by number. */
  SIGNAL: { traces: 1, logs: 2, metrics: 3 },
  DICTIONARY: 4,
  /** Field of everything that has attributes: their numbers in the dictionary, packed. */
  REFS: 100,
  SHARED: 14,
  ROWS: 15,
  ROW_BYTES: 56,
  /** Offsets in a row. */
  ROW: { SHARED: 0, FLAGS: 4, TRACE_ID: 8, SPAN_ID: 24, PARENT_ID: 32, START: 40, END: 48 },
} as const;

const ROWS_TAG = (FUSED.ROWS << 3) | 2;
const FIRST_ROWS = 16;

/** requests numbers the requests of all fused writers of this process, so that no share is taken for another's. */
let requests = 0;

/**
 * FusedSpanWriter is a SpanWriter whose request says fields that many spans have in common once: a span is then a row of
 * 56 bytes with its ids and times, and one with links as it is in plain OTLP. docs/fused-otlp.md has the format; only receivers with `/v1/fused` understand it.
 */
export class FusedSpanWriter extends SpanWriter {
  private rows = new Uint8Array(FIRST_ROWS * FUSED.ROW_BYTES);
  private rowsView = new DataView(this.rows.buffer);
  private rowsAt = 0;
  private request = ++requests;
  private sharedCount = 0;
  /** Index of the shared fields of the span that was begun, or -1 when it brings its own. */
  private again = -1;
  /** isOwn: the span that was begun has what cannot be shared, and is written as plain OTLP has it. */
  private isOwn = false;

  constructor(capacity?: number) {
    super(capacity, (FUSED.SHARED << 3) | 2);
  }

  override get byteLength(): number {
    return super.byteLength + this.rowsAt;
  }

  override reset(): void {
    super.reset();
    this.rowsAt = 0;
    this.sharedCount = 0;
    this.request = ++requests;
  }

  override beginScope(scope: Uint8Array): void {
    this.flushRows();
    super.beginScope(scope);
  }

  override beginResource(resource: Uint8Array): void {
    this.flushRows();
    super.beginResource(resource);
  }

  override finish(): Uint8Array {
    this.flushRows();
    return super.finish();
  }

  override beginSpan(): void {
    super.beginSpan();
    this.again = -1;
    this.isOwn = false;
    if (this.rowsAt + FUSED.ROW_BYTES > this.rows.length) this.growRows();
    this.rows.fill(0, this.rowsAt, this.rowsAt + FUSED.ROW_BYTES);
  }

  override endSpan(): void {
    if (this.isOwn) {
      this.unrow();
      return;
    }
    const index = this.again < 0 ? this.sharedCount : this.again;
    if (this.again < 0) {
      super.endSpan();
      this.sharedCount++;
    } else {
      this.abandonRecord();
      this.count++;
    }
    this.rowsView.setUint32(this.rowsAt + FUSED.ROW.SHARED, index, true);
    this.rowsAt += FUSED.ROW_BYTES;
  }

  override shareAgain(share: SpanShare): boolean {
    if (share.request !== this.request) return false;
    this.again = share.index;
    return true;
  }

  override keepShare(share: SpanShare): void {
    share.request = this.request;
    share.index = this.sharedCount;
  }

  override copySince(mark: number, into: Uint8Array): void {
    super.copySince(mark - this.rowsAt, into);
  }

  override traceId(bytes: Uint8Array, start: number): void {
    this.put(bytes, start, FUSED.ROW.TRACE_ID, 16);
  }

  override spanId(bytes: Uint8Array, start: number): void {
    this.put(bytes, start, FUSED.ROW.SPAN_ID, 8);
  }

  override parentSpanId(bytes: Uint8Array, start: number): void {
    this.put(bytes, start, FUSED.ROW.PARENT_ID, 8);
  }

  override link(...link: Parameters<SpanWriter["link"]>): void {
    this.isOwn = true;
    super.link(...link);
  }

  override droppedLinks(count: number): void {
    this.isOwn = true;
    super.droppedLinks(count);
  }

  override flags(flags: number): void {
    this.rowsView.setUint32(this.rowsAt + FUSED.ROW.FLAGS, flags, true);
  }

  override startTime(lo: number, hi: number): void {
    this.time(FUSED.ROW.START, lo, hi);
  }

  override endTime(lo: number, hi: number): void {
    this.time(FUSED.ROW.END, lo, hi);
  }

  /** unrow ends a span of its own: what its row would have goes into it. */
  private unrow(): void {
    const { rows, rowsView: view, rowsAt: at } = this;
    const { ROW } = FUSED;
    super.traceId(rows, at + ROW.TRACE_ID);
    super.spanId(rows, at + ROW.SPAN_ID);
    const parent = at + ROW.PARENT_ID;
    if (view.getUint32(parent, true) !== 0 || view.getUint32(parent + 4, true) !== 0)
      super.parentSpanId(rows, parent);
    super.flags(view.getUint32(at + ROW.FLAGS, true));
    super.startTime(view.getUint32(at + ROW.START, true), view.getUint32(at + ROW.START + 4, true));
    super.endTime(view.getUint32(at + ROW.END, true), view.getUint32(at + ROW.END + 4, true));
    this.retagRecord((2 << 3) | 2);
    super.endSpan();
  }

  private time(at: number, lo: number, hi: number): void {
    this.rowsView.setUint32(this.rowsAt + at, lo, true);
    this.rowsView.setUint32(this.rowsAt + at + 4, hi, true);
  }

  private put(bytes: Uint8Array, start: number, at: number, length: number): void {
    const { rows } = this;
    const to = this.rowsAt + at;
    for (let i = 0; i < length; i++) rows[to + i] = bytes[start + i] ?? 0;
  }

  /** flushRows ends a scope: its rows come behind what they share. */
  private flushRows(): void {
    if (this.rowsAt === 0) return;
    this.reserve(this.rowsAt + 16);
    this.buffer[this.at++] = ROWS_TAG;
    this.varint32(this.rowsAt);
    this.buffer.set(this.rows.subarray(0, this.rowsAt), this.at);
    this.at += this.rowsAt;
    this.rowsAt = 0;
    // What a later scope shares is counted anew.
    this.sharedCount = 0;
    this.request = ++requests;
  }

  private growRows(): void {
    const larger = new Uint8Array(this.rows.length * 2);
    larger.set(this.rows.subarray(0, this.rowsAt));
    this.rows = larger;
    this.rowsView = new DataView(larger.buffer);
  }
}
