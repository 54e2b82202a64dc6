import type { WireReader } from "@go3s/telemetry";
import type { NamedColumn } from "../columns/block.js";
import type { Mark } from "../columns/native-column.js";
import { PackedKeysColumn, PackedValuesColumn } from "../columns/packed.js";
import { AttributeRuns } from "./attribute-runs.js";
import { type AttributeSink, readAttribute } from "./attributes.js";

/** AttributeRun is a row's attributes as the columns have them: to be appended again and again within one request. */
export interface AttributeRun {
  readonly keys: number;
  readonly values: Uint8Array;
}

/** KeysOfRows is the column of keys; what was remembered of its lists ends with the block, or with a request that is taken back. */
class KeysOfRows extends PackedKeysColumn {
  generation = 1;

  override rollback(mark: Mark): void {
    super.rollback(mark);
    if (mark === 0) this.generation++;
  }

  override reset(): void {
    super.reset();
    this.generation++;
  }
}

/** PackedAttributes are the two columns of rows' attributes (schema/rows.sql), filled from KeyValue messages as they lie in the request. */
export class PackedAttributes implements AttributeSink {
  readonly values = new PackedValuesColumn();
  private readonly keys = new KeysOfRows();
  private readonly runs = new AttributeRuns();
  readonly named: readonly NamedColumn[] = [
    { name: "attribute_keys", column: this.keys },
    { name: "attribute_values", column: this.values },
  ];

  /** endRow makes a row of the attributes pushed since the last one. */
  endRow(): void {
    this.keys.endRow();
    this.values.endRow();
  }

  /** mark remembers the end of the rows, `rollback` goes back to it. */
  mark(mark: Mark): void {
    this.keys.mark(mark);
    this.values.mark(mark);
  }

  rollback(mark: Mark): void {
    this.keys.rollback(mark);
    this.values.rollback(mark);
  }

  /** isRowEmpty says whether nothing was pushed since the last row. */
  get isRowEmpty(): boolean {
    return this.keys.current === 0 && this.values.position === this.values.rowStart;
  }

  /** takeRow takes the attributes pushed since the last row out of the columns. */
  takeRow(): AttributeRun {
    const { keys, values } = this;
    const start = values.rowStart;
    const run = { keys: keys.current, values: new Uint8Array(values.position - start) };
    values.copyFrom(start, run.values);
    keys.goOn(0);
    values.dropRow();
    return run;
  }

  /** pushRun makes what takeRow gave the attributes of the row. */
  pushRun({ keys, values }: AttributeRun): void {
    this.keys.goOn(keys);
    this.values.pushPacked(values, values.length);
  }

  /** pushAttributes is pushAttribute for as many as follow each other with the same tag of one byte. */
  pushAttributes(reader: WireReader, tag: number): void {
    const { bytes, view, pos } = reader;
    const { keys, values, runs } = this;
    const end = endOfRun(bytes, pos, reader.end, tag);
    const looked = runs.worthwhile(end - pos);
    if (looked && runs.repeat(bytes, view, pos, end, keys.generation, keys, values)) {
      reader.pos = end;
      return;
    }
    const from = keys.current;
    const valuesStart = values.position;
    readAttribute(reader, this);
    while (reader.pos < reader.end && bytes[reader.pos] === tag) {
      reader.pos++;
      readAttribute(reader, this);
    }
    if (looked && reader.pos === end)
      runs.remember(bytes, pos, end, keys.generation, from, keys, values, valuesStart);
  }

  /** pushAttribute appends the KeyValue message that the reader's next length announces. */
  pushAttribute(reader: WireReader): void {
    readAttribute(reader, this);
  }

  pushKey(bytes: Uint8Array, view: DataView, start: number, end: number, type: number): void {
    this.keys.pushKey(bytes, view, start, end, type);
  }
}

/**
 * endOfRun gives where the attributes end that begin with the length at `start` and follow each other with `tag`: as far
 * as they are shorter than 128 bytes each and lie inside the message. It is a guess for AttributeRuns; nothing is read by it.
 */
function endOfRun(bytes: Uint8Array, start: number, end: number, tag: number): number {
  let at = start;
  while (at < end && bytes[at] < 0x80) {
    const next = at + 1 + bytes[at];
    if (next > end) return at;
    if (next === end || bytes[next] !== tag) return next;
    at = next + 1;
  }
  return at;
}
