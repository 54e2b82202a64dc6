import { FUSED, malformed, WIRE, type WireReader } from "@go3s/telemetry";
import type { AttributesColumn } from "./attributes.js";
import { INGEST_LIMITS, requireBelow } from "./limits.js";

/** AttributeRefs resolves the attributes that items of a fused request name by their numbers in its dictionary; docs/fused-otlp.md. */
export class AttributeRefs {
  /** Where the entries' lengths lie in the request. */
  private readonly entries: number[] = [];
  private end = 0;
  private bytes = 0;

  /** size is how many entries the dictionary has. */
  get size(): number {
    return this.entries.length;
  }

  /** begin finds the dictionary of the request that the reader stands at, wherever in it it is; the reader stays where it is. */
  begin(reader: WireReader): void {
    this.entries.length = 0;
    this.end = reader.end;
    this.bytes = 0;
    const start = reader.pos;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === FUSED.DICTIONARY) {
        reader.expect(WIRE.BYTES, field);
        this.entries.push(reader.pos);
      }
      reader.skip();
    }
    reader.pos = start;
  }

  /** push appends what a list of numbers names, whose length comes next. */
  push(reader: WireReader, attributes: AttributesColumn): void {
    this.each(reader, () => attributes.pushAttribute(reader));
  }

  /** each reads a list of numbers, whose length comes next, and has the reader at each entry's length for `read`. */
  each(reader: WireReader, read: () => void): void {
    reader.expect(WIRE.BYTES, FUSED.REFS);
    const outer = reader.enter();
    const { end } = reader;
    while (reader.pos < end) {
      const at = reader.pos;
      const number = reader.uint32();
      const entry = this.entries[number];
      if (entry === undefined)
        throw malformed(at, `an item names attribute ${number} of ${this.entries.length} in the dictionary`);
      const after = reader.pos;
      reader.pos = entry;
      reader.end = this.end;
      read();
      // A byte that names an attribute must not become megabytes of columns before anybody looks.
      this.bytes += reader.pos - entry;
      requireBelow("bytes of attributes named by number", this.bytes, INGEST_LIMITS.blockBytes);
      reader.pos = after;
      reader.end = end;
    }
    reader.leave(outer);
  }
}
