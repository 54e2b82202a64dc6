import { BatchWriter } from "./batch-writer.js";

const ATTRIBUTES = (6 << 3) | 2;

/** LogWriter writes an ExportLogsServiceRequest record by record; see SpanWriter for how ids and times come. */
export class LogWriter extends BatchWriter {
  constructor(capacity?: number) {
    super({ attributes: ATTRIBUTES }, capacity);
  }

  /** beginLog starts a log record in the current scope. */
  beginLog(): void {
    this.beginRecord();
  }

  /** endLog completes the log record. */
  endLog(): void {
    this.endRecord();
  }

  /** time takes Unix nanoseconds as halves. */
  time(lo: number, hi: number): void {
    this.reserve(16);
    this.buffer[this.at++] = (1 << 3) | 1;
    this.fixed64(lo, hi);
  }

  /** observedTime takes the Unix nanoseconds at which the record was seen, as halves. */
  observedTime(lo: number, hi: number): void {
    this.reserve(16);
    this.buffer[this.at++] = (11 << 3) | 1;
    this.fixed64(lo, hi);
  }

  /** severity takes a number from SEVERITY on and its text. */
  severity(number: number, text: string): void {
    this.reserve(text.length * 3 + 24);
    this.buffer[this.at++] = 2 << 3;
    this.varint32(number);
    this.buffer[this.at++] = (3 << 3) | 2;
    this.text(text);
  }

  /** body takes the record's text. */
  body(text: string): void {
    const encoded = Buffer.from(text, "utf8");
    this.bodyBytes(encoded, 0, encoded.length);
  }

  /** bodyBytes takes the record's text from bytes[start, end). */
  bodyBytes(bytes: Uint8Array, start: number, end: number): void {
    this.reserve((end - start) * 3 + 32);
    this.buffer[this.at++] = (5 << 3) | 2;
    const mark = this.at;
    // The value's length is known only after the text is written: five padded bytes, since bodies are rare and long.
    this.at += 5;
    this.buffer[this.at++] = (1 << 3) | 2;
    this.textBytes(bytes, start, end);
    const length = this.at - mark - 5;
    for (let i = 0; i < 4; i++) this.buffer[mark + i] = ((length >>> (7 * i)) & 0x7f) | 0x80;
    this.buffer[mark + 4] = length >>> 28;
  }

  /** eventName takes the name that makes the record an event. */
  eventName(text: string): void {
    this.reserve(text.length * 3 + 16);
    this.buffer[this.at++] = (12 << 3) | 2;
    this.text(text);
  }

  /** traceId takes 16 bytes from `start`. */
  traceId(bytes: Uint8Array, start: number): void {
    this.reserve(32);
    this.buffer[this.at++] = (9 << 3) | 2;
    this.buffer[this.at++] = 16;
    this.copy(bytes, start, start + 16);
  }

  /** spanId takes 8 bytes from `start`. */
  spanId(bytes: Uint8Array, start: number): void {
    this.reserve(32);
    this.buffer[this.at++] = (10 << 3) | 2;
    this.buffer[this.at++] = 8;
    this.copy(bytes, start, start + 8);
  }

  /** flags takes the W3C flags. */
  flags(flags: number): void {
    this.reserve(16);
    this.buffer[this.at++] = (8 << 3) | 5;
    this.view.setUint32(this.at, flags, true);
    this.at += 4;
  }

  /** droppedAttributes says how many attributes there were besides. */
  droppedAttributes(count: number): void {
    this.reserve(16);
    this.buffer[this.at++] = 7 << 3;
    this.varint32(count);
  }
}
