import { WIRE, WireReader } from "@go3s/telemetry";
import type { WordColumn } from "../columns/word.js";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import { KIND, StackHash } from "./stack-hash.js";
import { valueText } from "./value-text.js";

const FIRST_ENTRIES = 256;
/** Tables larger than this give their memory back after the request. */
const KEPT_ENTRIES = 1 << 16;

/** UNKNOWN is the state of an entry that nothing has asked for yet; GOOD that of one that can be used. Others say what is wrong. */
export const UNKNOWN = 0;
export const GOOD = 1;

/**
 * EntryTable is one table of a profile's dictionary: where each entry lies in the request, and what was made of it. What
 * `lo`, `hi` and `counts` hold is up to who resolves the entries; they are 0 before.
 */
export class EntryTable {
  length = 0;
  starts = new Uint32Array(FIRST_ENTRIES);
  ends = new Uint32Array(FIRST_ENTRIES);
  states = new Uint8Array(FIRST_ENTRIES);
  lo = new Uint32Array(FIRST_ENTRIES);
  hi = new Uint32Array(FIRST_ENTRIES);
  counts = new Uint32Array(FIRST_ENTRIES);

  reset(): void {
    if (this.starts.length > KEPT_ENTRIES) this.resize(FIRST_ENTRIES, 0);
    this.states.fill(UNKNOWN, 0, this.length);
    this.length = 0;
  }

  push(start: number, end: number): void {
    const { length } = this;
    if (length === this.starts.length) this.resize(2 * length, length);
    this.starts[length] = start;
    this.ends[length] = end;
    this.counts[length] = 0;
    this.length = length + 1;
  }

  private resize(entries: number, kept: number): void {
    const grown = (old: Uint32Array) => {
      const larger = new Uint32Array(entries);
      larger.set(old.subarray(0, kept));
      return larger;
    };
    this.starts = grown(this.starts);
    this.ends = grown(this.ends);
    this.lo = grown(this.lo);
    this.hi = grown(this.hi);
    this.counts = grown(this.counts);
    const states = new Uint8Array(entries);
    states.set(this.states.subarray(0, kept));
    this.states = states;
    this.length = Math.min(this.length, entries);
  }
}

/** ProfileTables are the dictionary of one request of profiles; entries are read when they are first asked for. */
export class ProfileTables {
  readonly mappings = new EntryTable();
  readonly locations = new EntryTable();
  readonly functions = new EntryTable();
  readonly links = new EntryTable();
  readonly strings = new EntryTable();
  readonly attributes = new EntryTable();
  readonly stacks = new EntryTable();
  private readonly hash = new StackHash();
  /** reader reads entries, wherever in the request they lie. */
  reader = new WireReader(new Uint8Array(0));
  /** byField has each table at its field number in ProfilesDictionary. */
  private readonly byField: readonly (EntryTable | undefined)[] = [
    undefined,
    this.mappings,
    this.locations,
    this.functions,
    this.links,
    this.strings,
    this.attributes,
    this.stacks,
  ];

  /** begin finds the entries of all tables of the request that the reader stands at; it stays where it is. */
  begin(reader: WireReader): void {
    for (const table of this.byField) table?.reset();
    this.reader = new WireReader(reader.bytes);
    const start = reader.pos;
    let entries = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 2) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
        const table = this.byField[inner];
        if (table === undefined) {
          reader.skip();
          continue;
        }
        reader.expect(WIRE.BYTES, inner);
        const length = reader.length();
        table.push(reader.pos, reader.pos + length);
        reader.pos += length;
        requireBelow("dictionary entries", ++entries, INGEST_LIMITS.dictionaryEntries);
      }
      reader.leave(outer);
    }
    reader.pos = start;
  }

  /** open puts the reader before an entry of a table and gives it. */
  open(table: EntryTable, index: number): WireReader {
    const { reader } = this;
    reader.pos = table.starts[index] ?? 0;
    reader.end = table.ends[index] ?? 0;
    return reader;
  }

  /** isString tells whether an index names a string: 0 always does, it is "". */
  isString(index: number): boolean {
    return index === 0 || index < this.strings.length;
  }

  /** text gives a string of the table; an index outside of it is "". */
  text(index: number): string {
    if (index === 0 || index >= this.strings.length) return "";
    const { bytes } = this.reader;
    const start = this.strings.starts[index] ?? 0;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
      "utf8",
      start,
      this.strings.ends[index],
    );
  }

  /** hashString fills in a string's hash, of its bytes. */
  hashString(index: number): void {
    const { strings, reader, hash } = this;
    if (index === 0 || strings.states[index] === GOOD) return;
    hash.begin(KIND.TEXT);
    hash.bytes(reader.bytes, reader.view, strings.starts[index] ?? 0, strings.ends[index] ?? 0);
    hash.finish();
    strings.lo[index] = hash.lo;
    strings.hi[index] = hash.hi;
    strings.states[index] = GOOD;
  }

  /** wordOf gives a string's number in a column's dictionary. */
  wordOf(column: WordColumn, index: number): number {
    if (index === 0) return 0;
    const { strings, reader } = this;
    const { bytes, view } = reader;
    return column.dictionary.numberOf(bytes, view, strings.starts[index] ?? 0, strings.ends[index] ?? 0);
  }

  /** valueText reads an AnyValue as text; it may name its text in the string table. */
  valueText(reader: WireReader): string {
    const start = reader.pos;
    let named = -1;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      // A oneof: the last of its fields counts.
      if (field <= STRING_INDEX) named = -1;
      if (field === STRING_INDEX && reader.wireType === WIRE.VARINT) named = reader.uint32();
      else reader.skip();
    }
    if (named >= 0) return this.text(named);
    reader.pos = start;
    return valueText(reader);
  }
}

/** STRING_INDEX is AnyValue.string_value_strindex. */
const STRING_INDEX = 8;

/** IndexList is a growing list of 32-bit numbers whose memory is kept: the first `most` of them, and one more to tell. */
export class IndexList {
  items = new Uint32Array(64);
  length = 0;
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  push(item: number): void {
    if (this.length > this.most) return;
    if (this.length === this.items.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.length++] = item;
  }

  /** read appends the numbers of a repeated int32 field, packed or not; the reader stands behind its tag. */
  read(reader: WireReader, field: number): void {
    if (reader.wireType === WIRE.VARINT) {
      this.push(reader.uint32());
      return;
    }
    reader.expect(WIRE.BYTES, field);
    const outer = reader.enter();
    while (reader.pos < reader.end) this.push(reader.uint32());
    reader.leave(outer);
  }
}
