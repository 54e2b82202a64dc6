import { FUSED } from "@go3s/telemetry";

/** FusedPart is one request of a signal: for traces as FusedSpanWriter writes it, or plain OTLP. */
export interface FusedPart {
  readonly signal: "traces" | "logs" | "metrics";
  readonly bytes: Uint8Array;
}

/** Shape says where a message has attributes, or which of its fields lead to messages that have; no message of ours has both. */
interface Shape {
  /** attributes is the number of their field, 0 for none. */
  readonly attributes: number;
  /** inner is indexed by the field's number. */
  readonly inner: readonly (Shape | undefined)[];
}

function shape(attributes: number, inner: readonly (readonly [number, Shape])[] = []): Shape {
  const byField: (Shape | undefined)[] = Array.from({ length: fieldsMax }, () => undefined);
  for (const [field, of] of inner) byField[field] = of;
  return { attributes, inner: byField };
}

// opentelemetry-proto: resource/v1, trace/v1, logs/v1, metrics/v1; field 14 is docs/fused-otlp.md.
const fieldsMax = 16;
const resource = shape(1);
const span = shape(9);
const record = shape(6);
const points = (attributes: number): Shape => shape(0, [[1, shape(attributes)]]);
const metric = shape(0, [
  [5, points(7)],
  [7, points(7)],
  [9, points(9)],
  [10, points(1)],
  [11, points(7)],
]);
const signal = (...items: readonly (readonly [number, Shape])[]): Shape =>
  shape(0, [
    [1, resource],
    [2, shape(0, items)],
  ]);
const shapes: Readonly<Record<FusedPart["signal"], Shape>> = {
  traces: signal([2, span], [FUSED.SHARED, span]),
  logs: signal([2, record]),
  metrics: signal([2, metric]),
};

const bytesWire = 2;
const refsTag = (FUSED.REFS << 3) | bytesWire;
// A shorter attribute is as short where it stands.
const leastBytes = 6;
// Shorter runs are copied faster by hand.
const copyBytes = 48;

/**
 * fuse makes one request of docs/fused-otlp.md of several: attributes that come more than once are said once, and named by number.
 * The parts are our own writers' and not checked: what is cut short throws RangeError.
 */
export function fuse(parts: readonly FusedPart[]): Uint8Array {
  return fusing.request(parts);
}

/** Entries are the distinct attributes of a request: where their bytes lie first, how often they come, their number in the dictionary. */
class Entries {
  count = 0;
  start = new Int32Array(256);
  length = new Int32Array(256);
  uses = new Int32Array(256);
  number = new Int32Array(256);
  private hashes = new Int32Array(256);
  /** Open addressing: an entry plus one, 0 for none; at most half full. */
  private table = new Int32Array(512);

  clear(): void {
    this.count = 0;
    this.table.fill(0);
  }

  /** of gives the entry of the bytes [start, end), made when there is none. */
  of(bytes: Uint8Array, start: number, end: number): number {
    // FNV-1a.
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = (this.table[slot] ?? 0) - 1;
      if (entry < 0) break;
      if (this.hashes[entry] === hash && this.isSame(bytes, entry, start, end)) return entry;
      slot = (slot + 1) & mask;
    }
    if (this.count * 2 >= this.table.length) {
      this.grow();
      return this.of(bytes, start, end);
    }
    const made = this.count++;
    this.start[made] = start;
    this.length[made] = end - start;
    this.uses[made] = 0;
    this.number[made] = -1;
    this.hashes[made] = hash;
    this.table[slot] = made + 1;
    return made;
  }

  private isSame(bytes: Uint8Array, entry: number, start: number, end: number): boolean {
    if (this.length[entry] !== end - start) return false;
    let other = this.start[entry] ?? 0;
    for (let i = start; i < end; i++) if (bytes[i] !== bytes[other++]) return false;
    return true;
  }

  private grow(): void {
    this.start = doubled(this.start);
    this.length = doubled(this.length);
    this.uses = doubled(this.uses);
    this.number = doubled(this.number);
    this.hashes = doubled(this.hashes);
    this.table = new Int32Array(this.table.length * 2);
    const mask = this.table.length - 1;
    for (let entry = 0; entry < this.count; entry++) {
      let slot = (this.hashes[entry] ?? 0) & mask;
      while (this.table[slot] !== 0) slot = (slot + 1) & mask;
      this.table[slot] = entry + 1;
    }
  }
}

/** Fusing reads the parts twice: to find what repeats, and to write. Its memory is used again. */
class Fusing {
  private readonly entries = new Entries();
  /** The parts, one behind the other. */
  private from: Buffer = Buffer.alloc(0);
  private at = 0;
  /** What is written: never longer than the parts and their dictionary together. */
  private out: Buffer = Buffer.alloc(0);
  private to = 0;
  /** The entry of each attribute in the order in which they are read, -1 for one that is too short. */
  private found = new Int32Array(1024);
  private foundAt = 0;
  /** How many attributes each message has that may have some, in the order in which they are read. */
  private counts = new Int32Array(256);
  private countsAt = 0;

  request(parts: readonly FusedPart[]): Uint8Array {
    this.from = Buffer.concat(parts.map(({ bytes }) => bytes));
    if (this.out.length < 2 * this.from.length + 64)
      this.out = Buffer.allocUnsafeSlow(2 * this.from.length + 64);
    this.to = 0;
    this.entries.clear();
    this.each(parts, (of) => this.count(of, this.enter()));
    this.dictionary();
    this.each(parts, (of, field) => {
      this.put((field << 3) | bytesWire);
      this.message(of);
    });
    return Uint8Array.prototype.slice.call(this.out, 0, this.to);
  }

  private each(parts: readonly FusedPart[], step: (of: Shape, field: number) => void): void {
    this.at = 0;
    this.foundAt = 0;
    this.countsAt = 0;
    let end = 0;
    for (const { signal: name, bytes } of parts) {
      end += bytes.length;
      while (this.at < end) {
        this.varint();
        step(shapes[name], FUSED.SIGNAL[name]);
      }
    }
  }

  /** count finds how often each attribute comes. */
  private count(of: Shape, end: number): void {
    const { entries } = this;
    const before = this.foundAt;
    while (this.at < end) {
      const tag = this.varint();
      const field = tag >>> 3;
      if ((tag & 7) !== bytesWire) {
        this.skip(tag & 7);
        continue;
      }
      const innerEnd = this.enter();
      const inner = field < fieldsMax ? of.inner[field] : undefined;
      if (inner !== undefined) {
        this.count(inner, innerEnd);
        continue;
      }
      if (field === of.attributes) {
        let entry = -1;
        if (innerEnd - this.at >= leastBytes) {
          entry = entries.of(this.from, this.at, innerEnd);
          entries.uses[entry] = (entries.uses[entry] ?? 0) + 1;
        }
        if (this.foundAt === this.found.length) this.found = doubled(this.found);
        this.found[this.foundAt++] = entry;
      }
      this.at = innerEnd;
    }
    if (of.attributes === 0) return;
    if (this.countsAt === this.counts.length) this.counts = doubled(this.counts);
    this.counts[this.countsAt++] = this.foundAt - before;
  }

  /** dictionary writes what comes more than once. */
  private dictionary(): void {
    const { entries } = this;
    let next = 0;
    for (let entry = 0; entry < entries.count; entry++) {
      if ((entries.uses[entry] ?? 0) < 2) continue;
      entries.number[entry] = next++;
      const start = entries.start[entry] ?? 0;
      const length = entries.length[entry] ?? 0;
      this.put((FUSED.DICTIONARY << 3) | bytesWire);
      this.put(length);
      this.copy(start, start + length);
    }
  }

  /** message writes the message that the reader stands at, with numbers in the place of attributes that repeat. */
  private message(of: Shape): void {
    const lengthAt = this.at;
    const end = this.enter();
    // It only becomes shorter: its length fits where it was, with empty digits at its end.
    const width = this.at - lengthAt;
    const mark = this.to;
    this.to += width;
    // The numbers stand first: a reader may know the list as a whole.
    if (of.attributes !== 0) this.refs(this.counts[this.countsAt++] ?? 0);
    let run = this.at;
    while (this.at < end) {
      const start = this.at;
      const tag = this.varint();
      const field = tag >>> 3;
      if ((tag & 7) !== bytesWire) {
        this.skip(tag & 7);
        continue;
      }
      const inner = field < fieldsMax ? of.inner[field] : undefined;
      if (inner !== undefined) {
        this.copy(run, this.at);
        this.message(inner);
        run = this.at;
        continue;
      }
      this.at = this.enter();
      if (field !== of.attributes) continue;
      const entry = this.found[this.foundAt++] ?? -1;
      if (this.numberOf(entry) < 0) continue;
      this.copy(run, start);
      run = this.at;
    }
    this.copy(run, end);
    let length = this.to - mark - width;
    for (let i = 0; i < width; i++) {
      this.out[mark + i] = (length & 0x7f) | (i < width - 1 ? 0x80 : 0);
      length >>>= 7;
    }
  }

  /** refs writes the numbers of the next so many attributes that have one. */
  private refs(attributes: number): void {
    let bytes = 0;
    for (let i = 0; i < attributes; i++) {
      const number = this.numberOf(this.found[this.foundAt + i] ?? -1);
      if (number >= 0) bytes += widthOf(number);
    }
    if (bytes === 0) return;
    this.put(refsTag);
    this.put(bytes);
    for (let i = 0; i < attributes; i++) {
      const number = this.numberOf(this.found[this.foundAt + i] ?? -1);
      if (number >= 0) this.put(number);
    }
  }

  private numberOf(entry: number): number {
    return entry < 0 ? -1 : (this.entries.number[entry] ?? -1);
  }

  private copy(start: number, end: number): void {
    const { from, out } = this;
    let { to } = this;
    if (end - start > copyBytes) from.copy(out, to, start, end);
    else for (let i = start; i < end; i++) out[to++] = from[i] ?? 0;
    this.to += end - start;
  }

  private put(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.out[this.to++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.out[this.to++] = rest;
  }

  private varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.from[this.at++];
      if (byte === undefined || shift > 28) throw new RangeError(`no varint at ${this.at} of a request`);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** enter reads a length and gives where what follows ends. */
  private enter(): number {
    const end = this.varint() + this.at;
    if (end > this.from.length) throw new RangeError(`a message ends behind its request, at ${end}`);
    return end;
  }

  private skip(wire: number): void {
    if (wire === 0) while ((this.from[this.at++] ?? 0) >= 0x80);
    else if (wire === 1) this.at += 8;
    else if (wire === 5) this.at += 4;
    else throw new RangeError(`wire type ${wire} at ${this.at} of a request`);
  }
}

function doubled(of: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(of.length * 2);
  larger.set(of);
  return larger;
}

const widthOf = (number: number): number => (number < 0x80 ? 1 : number < 0x4000 ? 2 : 3);

const fusing = new Fusing();
