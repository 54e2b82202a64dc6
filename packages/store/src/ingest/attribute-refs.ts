import { FUSED, malformed, WIRE, type WireReader } from "@go3s/telemetry";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import type { PackedAttributes } from "./packed-attributes.js";

/** AttributeRefs resolves the attributes that items of a fused request name by their numbers in its dictionary; docs/fused-otlp.md. */
export class AttributeRefs {
  /** Where the entries' lengths lie in the request. */
  private entries = new Uint32Array(256);
  private count = 0;
  private end = 0;
  private bytes = 0;

  /** size is how many entries the dictionary has. */
  get size(): number {
    return this.count;
  }

  /** begin finds the dictionary of the request that the reader stands at, wherever in it it is; the reader stays where it is. */
  begin(reader: WireReader): void {
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

  /** push appends what a list of numbers names, whose length comes next. */
  push(reader: WireReader, attributes: PackedAttributes): void {
    reader.expect(WIRE.BYTES, FUSED.REFS);
    const outer = reader.enter();
    const { end } = reader;
    let at = reader.pos;
    while (at < end) {
      reader.end = end;
      const entry = this.entryOf(reader, reader.uint32());
      at = reader.pos;
      reader.pos = entry;
      reader.end = this.end;
      attributes.pushAttribute(reader);
      this.add(reader.pos - entry);
      reader.pos = at;
    }
    reader.leave(outer);
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
