import { TelemetryError } from "../errors.js";
import type { AttributeKey } from "./attribute-key.js";

const BYTES = 2;
/** Resource and scope levels get a length of this many bytes: a padded varint, which every protobuf reader takes. */
const PADDED = 4;
const MAX_PADDED = 2 ** 28 - 1;
const LEVEL = { EMPTY: 0, RESOURCE: 1, SCOPE: 2, RECORD: 3 } as const;
const DECODER = new TextDecoder();

/** RecordTags are the field tags in which spans and log records differ. */
export interface RecordTags {
  readonly attributes: number;
  /** record is the tag of a record in its scope, one byte; field 2 of ScopeSpans and ScopeLogs when absent. */
  readonly record?: number;
}

/**
 * BatchWriter is what SpanWriter and LogWriter share: one Export request written straight into a buffer that grows and
 * is kept, with no object per record. Order: beginResource, beginScope, records; again and again; then finish.
 * Measured with 8 attributes a span: see README.md.
 */
export class BatchWriter {
  /** Records completed since the last reset. */
  count = 0;
  protected buffer: Uint8Array;
  protected view: DataView;
  protected at = 0;
  private level: number = LEVEL.EMPTY;
  private resourceMark = 0;
  private scopeMark = 0;
  private recordMark = 0;
  private readonly attributesTag: number;
  private readonly recordTag: number;

  constructor(tags: RecordTags, capacity = 64 * 1024) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(256, capacity));
    this.view = new DataView(this.buffer.buffer);
    this.attributesTag = tags.attributes;
    this.recordTag = tags.record ?? (2 << 3) | BYTES;
  }

  /** byteLength is how large the request is so far; senders flush by it. */
  get byteLength(): number {
    return this.at;
  }

  /** reset starts a new request in the same memory. */
  reset(): void {
    this.at = 0;
    this.count = 0;
    this.level = LEVEL.EMPTY;
  }

  /** beginResource starts the records of one resource; `resource` is an encoded Resource message. */
  beginResource(resource: Uint8Array): void {
    if (this.level === LEVEL.RECORD) throw misuse("beginResource inside a record");
    this.closeTo(LEVEL.EMPTY);
    this.reserve(16 + resource.length);
    this.buffer[this.at++] = (1 << 3) | BYTES;
    this.at += PADDED;
    this.resourceMark = this.at;
    this.message((1 << 3) | BYTES, resource);
    this.level = LEVEL.RESOURCE;
  }

  /** beginScope starts the records of one scope in that resource; `scope` is an encoded InstrumentationScope. */
  beginScope(scope: Uint8Array): void {
    if (this.level !== LEVEL.RESOURCE && this.level !== LEVEL.SCOPE)
      throw misuse("beginScope without a resource");
    this.closeTo(LEVEL.RESOURCE);
    this.reserve(16 + scope.length);
    this.buffer[this.at++] = (2 << 3) | BYTES;
    this.at += PADDED;
    this.scopeMark = this.at;
    this.message((1 << 3) | BYTES, scope);
    this.level = LEVEL.SCOPE;
  }

  /** finish closes the request and gives a view of it that is valid until the next call on this writer. */
  finish(): Uint8Array {
    if (this.level === LEVEL.RECORD) throw misuse("finish inside a record");
    this.closeTo(LEVEL.EMPTY);
    return this.buffer.subarray(0, this.at);
  }

  /** stringAttribute adds an attribute from a JavaScript string. */
  stringAttribute(key: AttributeKey, value: string): void {
    // Three bytes per UTF-16 unit at most; 24 for tags and lengths.
    this.reserve(key.encoded.length + value.length * 3 + 24);
    const start = this.beginAttribute(key);
    this.buffer[this.at++] = (1 << 3) | BYTES;
    this.text(value);
    this.endAttribute(start);
  }

  /** bytesAttribute adds a string attribute from bytes[start, end), as a probe captured them; what is not UTF-8 becomes U+FFFD. */
  bytesAttribute(key: AttributeKey, bytes: Uint8Array, start: number, end: number): void {
    this.reserve(key.encoded.length + (end - start) * 3 + 24);
    const mark = this.beginAttribute(key);
    this.buffer[this.at++] = (1 << 3) | BYTES;
    this.textBytes(bytes, start, end);
    this.endAttribute(mark);
  }

  /** intAttribute adds an integer attribute; |value| <= 2^53 - 1. */
  intAttribute(key: AttributeKey, value: number): void {
    const lo = value >>> 0;
    if (lo === value) {
      this.smallIntAttribute(key, lo);
      return;
    }
    this.int64Attribute(key, lo, Math.floor((value - lo) / 2 ** 32) >>> 0);
  }

  /** Nearly all integers are ports, sizes and statuses: no 64-bit arithmetic for them. */
  private smallIntAttribute(key: AttributeKey, value: number): void {
    this.reserve(key.encoded.length + 32);
    const start = this.beginAttribute(key);
    this.buffer[this.at++] = 3 << 3;
    this.varint32(value);
    this.endAttribute(start);
  }

  /** int64Attribute adds an integer attribute from two unsigned halves of its two's complement. */
  int64Attribute(key: AttributeKey, lo: number, hi: number): void {
    this.reserve(key.encoded.length + 32);
    const start = this.beginAttribute(key);
    this.buffer[this.at++] = 3 << 3;
    this.varint64(lo, hi);
    this.endAttribute(start);
  }

  /** doubleAttribute adds a floating-point attribute. */
  doubleAttribute(key: AttributeKey, value: number): void {
    this.reserve(key.encoded.length + 32);
    const start = this.beginAttribute(key);
    this.buffer[this.at++] = (4 << 3) | 1;
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
    this.endAttribute(start);
  }

  /** boolAttribute adds a boolean attribute. */
  boolAttribute(key: AttributeKey, value: boolean): void {
    this.reserve(key.encoded.length + 32);
    const start = this.beginAttribute(key);
    this.buffer[this.at++] = 2 << 3;
    this.buffer[this.at++] = value ? 1 : 0;
    this.endAttribute(start);
  }

  /** encodedAttribute adds a whole KeyValue message encoded before: for attributes that are the same on every record. */
  encodedAttribute(keyValue: Uint8Array): void {
    this.reserve(keyValue.length + 8);
    this.message(this.attributesTag, keyValue);
  }

  /** copySince copies what was written since an earlier byteLength of this record: fields to be written again. */
  copySince(mark: number, into: Uint8Array): void {
    into.set(this.buffer.subarray(mark, this.at));
  }

  /** encodedFields appends fields of a record that copySince took. */
  encodedFields(bytes: Uint8Array, length: number): void {
    this.reserve(length);
    this.copy(bytes, 0, length);
  }

  protected beginRecord(): void {
    if (this.level !== LEVEL.SCOPE) throw misuse("a record outside of a scope");
    this.level = LEVEL.RECORD;
    this.reserve(64);
    this.recordMark = this.at;
    this.buffer[this.at++] = this.recordTag;
    // Two bytes hold lengths of 128 to 16,383, as nearly all records have: then nothing has to move.
    this.at += 2;
  }

  protected endRecord(): void {
    if (this.level !== LEVEL.RECORD) throw misuse("the end of a record that did not begin");
    this.level = LEVEL.SCOPE;
    this.count++;
    this.closeLength(this.recordMark + 3, 2);
  }

  /** retagRecord makes the record that was begun one of another field, whose tag is one byte, too. */
  protected retagRecord(tag: number): void {
    this.buffer[this.recordMark] = tag;
  }

  /** abandonRecord forgets the record that was begun, as if it had not been. */
  abandonRecord(): void {
    if (this.level !== LEVEL.RECORD) throw misuse("abandoning a record that did not begin");
    this.level = LEVEL.SCOPE;
    this.at = this.recordMark;
  }

  /** reserve makes room for `count` bytes more. */
  protected reserve(count: number): void {
    const needed = this.at + count;
    if (needed > this.buffer.length) this.grow(needed);
  }

  /** message writes tag, length and content of an encoded message; room is the caller's business. */
  protected message(tag: number, content: Uint8Array): void {
    this.buffer[this.at++] = tag;
    this.varint32(content.length);
    this.copy(content, 0, content.length);
  }

  /** text writes the length and the UTF-8 of a string; room is the caller's business. */
  protected text(value: string): void {
    const { length } = value;
    const mark = this.at;
    if (length < 0x80) {
      // ASCII of less than 128 bytes, nearly all values: length byte first, then byte by byte, without a call.
      const { buffer } = this;
      let at = mark + 1;
      let all = 0;
      for (let i = 0; i < length; i++) {
        const unit = value.charCodeAt(i);
        all |= unit;
        buffer[at++] = unit;
      }
      if (all < 0x80) {
        buffer[mark] = length;
        this.at = at;
        return;
      }
    }
    this.encoded(Buffer.from(value, "utf8"));
  }

  /** textBytes writes the length and bytes[start, end) as UTF-8; room for thrice the bytes is the caller's business. */
  protected textBytes(bytes: Uint8Array, start: number, end: number): void {
    let all = 0;
    for (let i = start; i < end; i++) all |= bytes[i] ?? 0x80;
    if (all < 0x80) {
      this.varint32(end - start);
      this.copy(bytes, start, end);
    } else this.encoded(Buffer.from(DECODER.decode(bytes.subarray(start, end)), "utf8"));
  }

  protected varint32(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }

  protected varint64(lo: number, hi: number): void {
    let low = lo >>> 0;
    let high = hi >>> 0;
    while (high !== 0) {
      this.buffer[this.at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.varint32(low);
  }

  protected fixed64(lo: number, hi: number): void {
    this.view.setUint32(this.at, lo, true);
    this.view.setUint32(this.at + 4, hi, true);
    this.at += 8;
  }

  protected copy(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > 64) {
      const isWhole = start === 0 && end === bytes.length;
      this.buffer.set(isWhole ? bytes : bytes.subarray(start, end), this.at);
      this.at += end - start;
      return;
    }
    const { buffer } = this;
    let at = this.at;
    for (let i = start; i < end; i++) buffer[at++] = bytes[i] ?? 0;
    this.at = at;
  }

  private encoded(text: Uint8Array): void {
    this.varint32(text.length);
    this.copy(text, 0, text.length);
  }

  private beginAttribute(key: AttributeKey): number {
    const start = this.at;
    this.buffer[start] = this.attributesTag;
    this.at = start + 2;
    this.copy(key.encoded, 0, key.encoded.length);
    const value = this.at;
    this.buffer[value] = (2 << 3) | BYTES;
    this.at = value + 2;
    return start;
  }

  /** endAttribute fills in the lengths of the KeyValue at `start` and of the AnyValue in it, one byte each if that is enough. */
  private endAttribute(start: number): void {
    const { buffer } = this;
    const keyHead = (buffer[start + 3] ?? 0) < 0x80 ? 2 : 3;
    const keyLength =
      keyHead === 2
        ? (buffer[start + 3] ?? 0)
        : ((buffer[start + 3] ?? 0) & 0x7f) | ((buffer[start + 4] ?? 0) << 7);
    const value = start + 2 + keyHead + keyLength + 2;
    if (this.at - start - 2 < 0x80) {
      buffer[value - 1] = this.at - value;
      buffer[start + 1] = this.at - start - 2;
      return;
    }
    this.closeLength(value, 1);
    this.closeLength(start + 2, 1);
  }

  /** closeLength writes the length of the content that starts at `content` into the `room` bytes before it. */
  private closeLength(content: number, room: number): void {
    const length = this.at - content;
    const size =
      length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : length < 0x10000000 ? 4 : 5;
    if (size !== room) {
      if (size > room) this.reserve(size - room);
      this.buffer.copyWithin(content + size - room, content, this.at);
    }
    this.at = content - room;
    this.varint32(length);
    this.at += length;
  }

  private closeTo(level: number): void {
    if (this.level >= LEVEL.SCOPE && level < LEVEL.SCOPE) this.closePadded(this.scopeMark);
    if (this.level >= LEVEL.SCOPE && level === LEVEL.RESOURCE) this.level = LEVEL.RESOURCE;
    if (this.level >= LEVEL.RESOURCE && level < LEVEL.RESOURCE) {
      this.closePadded(this.resourceMark);
      this.level = LEVEL.EMPTY;
    }
  }

  private closePadded(mark: number): void {
    const length = this.at - mark;
    if (length > MAX_PADDED) throw misuse(`a batch of ${length} bytes; flush long before 256 MiB`);
    this.buffer[mark - 4] = (length & 0x7f) | 0x80;
    this.buffer[mark - 3] = ((length >>> 7) & 0x7f) | 0x80;
    this.buffer[mark - 2] = ((length >>> 14) & 0x7f) | 0x80;
    this.buffer[mark - 1] = length >>> 21;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.at));
    this.buffer = larger;
    this.view = new DataView(larger.buffer);
  }
}

function misuse(what: string): TelemetryError {
  return new TelemetryError("writer-misuse", `writing a batch: ${what}`);
}
