import { FUSED, malformed, WIRE, type WireReader } from "@go3s/telemetry";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import type { AttributeRun, PackedAttributes } from "./packed-attributes.js";

/** KnownList is a list of numbers that came before in this request: where it stands, and what it names once it came twice. */
interface KnownList {
  readonly request: number;
  readonly start: number;
  readonly length: number;
  readonly run: AttributeRun | undefined;
}

// Lists that are remembered at a time: a flush of an agent has some dozens of kinds of items.
const LISTS = 256;

/** AttributeRefs resolves the attributes that items of a fused request name by their numbers in its dictionary; docs/fused-otlp.md. */
export class AttributeRefs {
  /** Where the entries' lengths lie in the request. */
  private entries = new Uint32Array(256);
  private count = 0;
  private end = 0;
  private bytes = 0;
  private request = 0;
  private readonly lists: (KnownList | undefined)[] = Array.from({ length: LISTS }, () => undefined);

  /** size is how many entries the dictionary has. */
  get size(): number {
    return this.count;
  }

  /** begin finds the dictionary of the request that the reader stands at, wherever in it it is; the reader stays where it is. */
  begin(reader: WireReader): void {
    this.request++;
    this.count = 0;
    this.end = reader.end;
    this.bytes = 0;
    const start = reader.pos;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === FUSED.DICTIONARY) {
        reader.expect(WIRE.BYTES, field);
        this.remember(reader.pos);
      }
      reader.skip();
    }
    reader.pos = start;
  }

  /**
   * push appends what a list of numbers names, whose length comes next. Most items of a request are of few kinds, and a writer
   * puts what they have in common first: such a list is read once and copied from then on.
   */
  push(reader: WireReader, attributes: PackedAttributes): void {
    reader.expect(WIRE.BYTES, FUSED.REFS);
    const outer = reader.enter();
    const { bytes, pos: start } = reader;
    const length = reader.end - start;
    const slot = attributes.isRowEmpty && length > 1 ? slotOf(bytes, start, length) : -1;
    const known = slot < 0 ? undefined : this.lists[slot];
    if (known === undefined || known.request !== this.request || !isSame(bytes, known, start, length)) {
      this.expand(reader, attributes);
      if (slot >= 0) this.lists[slot] = { request: this.request, start, length, run: undefined };
    } else if (known.run === undefined) {
      this.expand(reader, attributes);
      const run = attributes.takeRow();
      attributes.pushRun(run);
      this.lists[slot] = { ...known, run };
    } else {
      attributes.pushRun(known.run);
      this.add(known.run.values.length);
      reader.pos = start + length;
    }
    reader.leave(outer);
  }

  private expand(reader: WireReader, attributes: PackedAttributes): void {
    const { end } = reader;
    while (reader.pos < end) {
      const entry = this.entryOf(reader, reader.uint32());
      const after = reader.pos;
      reader.pos = entry;
      reader.end = this.end;
      attributes.pushAttribute(reader);
      this.add(reader.pos - entry);
      reader.pos = after;
      reader.end = end;
    }
  }

  /**
   * textOf gives what a list names as the fields that would stand there without a dictionary, in latin1; what is longer than
   * `max` is not read to its end.
   */
  textOf(reader: WireReader, tag: number, max: number): string {
    let text = "";
    this.each(reader, () => {
      const start = reader.pos;
      const length = reader.length();
      reader.pos += length;
      if (text.length <= max) text += String.fromCharCode(tag) + latin1(reader.bytes, start, reader.pos);
    });
    return text;
  }

  /** each does the same with what `read` makes of an entry, at whose length the reader stands. */
  each(reader: WireReader, read: () => void): void {
    reader.expect(WIRE.BYTES, FUSED.REFS);
    const outer = reader.enter();
    const { end } = reader;
    while (reader.pos < end) {
      const entry = this.entryOf(reader, reader.uint32());
      const after = reader.pos;
      reader.pos = entry;
      reader.end = this.end;
      read();
      this.add(reader.pos - entry);
      reader.pos = after;
      reader.end = end;
    }
    reader.leave(outer);
  }

  private entryOf(reader: WireReader, number: number): number {
    if (number < this.count) return this.entries[number];
    throw malformed(reader.pos, `an item names attribute ${number} of ${this.count} in the dictionary`);
  }

  private remember(at: number): void {
    if (this.count === this.entries.length) {
      const larger = new Uint32Array(this.count * 2);
      larger.set(this.entries);
      this.entries = larger;
    }
    this.entries[this.count++] = at;
  }

  /** add bounds: a byte that names an attribute must not become megabytes of columns before anybody looks. */
  private add(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > INGEST_LIMITS.blockBytes)
      requireBelow("bytes of attributes named by number", this.bytes, INGEST_LIMITS.blockBytes);
  }
}

function slotOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash ^ (hash >>> 15)) & (LISTS - 1);
}

function isSame(bytes: Uint8Array, known: KnownList, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[known.start + i] !== bytes[start + i]) return false;
  return true;
}

/** latin1 gives bytes as text, one character each. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", start, end);
}
