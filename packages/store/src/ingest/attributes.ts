import { WIRE, type WireReader } from "@go3s/telemetry";
import { MARK } from "../columns/native-column.js";
import { NestedColumn } from "../columns/nested.js";
import { StringColumn } from "../columns/string.js";
import { WordColumn } from "../columns/word.js";
import { AttributeRuns } from "./attribute-runs.js";
import { pushValue } from "./value-text.js";

/** KEY and VALUE_TAG are the tags of KeyValue's two fields, STRING and INT those of the values that most attributes have. */
const KEY = (1 << 3) | 2;
const VALUE_TAG = (2 << 3) | 2;
const STRING = (1 << 3) | 2;
const INT = 3 << 3;

/** AttributeRun is a row's attributes as the column has them: to be appended again and again within one block. */
export interface AttributeRun {
  readonly count: number;
  readonly keys: Uint32Array;
  readonly values: Uint8Array;
}

/** AttributesColumn is a Map column that is filled from KeyValue messages as they lie in the request. */
export class AttributesColumn extends NestedColumn<readonly [WordColumn, StringColumn]> {
  private readonly keys: WordColumn;
  private readonly values: StringColumn;
  private readonly runs = new AttributeRuns();
  /** generation changes whenever key numbers may come to mean other keys. */
  private generation = 1;
  private previous = 0;

  constructor() {
    const keys = new WordColumn();
    const values = new StringColumn();
    super("Map(LowCardinality(String), String)", [keys, values]);
    this.keys = keys;
    this.values = values;
  }

  override endRow(): void {
    super.endRow();
    this.previous = 0;
  }

  override rollback(mark: 0 | 1): void {
    super.rollback(mark);
    this.previous = 0;
    this.generation++;
  }

  override reset(): void {
    super.reset();
    this.generation++;
  }

  /** takeRow takes the attributes pushed since the last row out of the column. */
  takeRow(): AttributeRun {
    const { keys, values } = this;
    const count = keys.rows - keys.rowsAt(MARK.ROW);
    const start = values.lengthAt(MARK.ROW);
    const run = { count, keys: new Uint32Array(count), values: new Uint8Array(values.byteLength - start) };
    keys.copyLast(count, run.keys);
    values.copyFrom(start, run.values);
    this.rollback(MARK.ROW);
    return run;
  }

  /** pushRun appends what takeRow gave. */
  pushRun({ count, keys, values }: AttributeRun): void {
    this.keys.pushList(keys, count);
    this.values.pushEncoded(values, values.length, count);
  }

  /** pushAttributes is pushAttribute for as many as follow each other with the same tag of one byte. */
  pushAttributes(reader: WireReader, tag: number): void {
    const { bytes, view, pos } = reader;
    const { keys, values, runs, generation } = this;
    const end = endOfRun(bytes, pos, reader.end, tag);
    const looked = runs.worthwhile(end - pos);
    if (looked) {
      const last = runs.repeat(bytes, view, pos, end, generation, keys, values);
      if (last >= 0) {
        this.previous = last;
        reader.pos = end;
        return;
      }
    }
    const rows = keys.rows;
    const valuesStart = values.byteLength;
    this.pushAttribute(reader);
    while (reader.pos < reader.end && bytes[reader.pos] === tag) {
      reader.pos++;
      this.pushAttribute(reader);
    }
    if (looked && reader.pos === end)
      runs.remember(bytes, pos, end, generation, keys.rows - rows, keys, values, valuesStart);
  }

  /**
   * pushAttribute appends the KeyValue message that the reader's next length announces.
   * A short key with a short string or a small integer, which nearly all are, is read here without a call per field.
   */
  pushAttribute(reader: WireReader): void {
    const { bytes, view, pos } = reader;
    const length = bytes[pos];
    const start = pos + 1;
    const end = start + length;
    if (length < 0x80 && length >= 7 && end <= reader.end && bytes[start] === KEY) {
      const keyEnd = start + 2 + bytes[start + 1];
      const value = keyEnd + 2;
      // keyEnd <= end - 4 makes every byte looked at below one of this message.
      if (
        bytes[start + 1] < 0x80 &&
        keyEnd <= end - 4 &&
        bytes[keyEnd] === VALUE_TAG &&
        bytes[keyEnd + 1] === end - value
      ) {
        if (bytes[value] === STRING && bytes[value + 1] === end - value - 2) {
          this.pushKey(bytes, view, start + 2, keyEnd);
          this.values.push(bytes, view, value + 2, end);
          reader.pos = end;
          return;
        }
        if (bytes[value] === INT) {
          const number = smallVarint(bytes, value + 1, end);
          if (number >= 0) {
            this.pushKey(bytes, view, start + 2, keyEnd);
            this.values.pushDecimal(number);
            reader.pos = end;
            return;
          }
        }
      }
    }
    this.pushSlowly(reader);
  }

  private pushKey(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const number = this.keys.dictionary.numberAfter(this.previous, bytes, view, start, end);
    this.previous = number;
    this.keys.push(number);
  }

  private pushSlowly(reader: WireReader): void {
    const outer = reader.enter();
    let keyStart = reader.pos;
    let keyEnd = keyStart;
    let value = -1;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) {
        reader.expect(WIRE.BYTES, field);
        const length = reader.length();
        keyStart = reader.pos;
        keyEnd = reader.pos = keyStart + length;
      } else if (field === 2) {
        reader.expect(WIRE.BYTES, field);
        value = reader.pos;
        const length = reader.length();
        reader.pos += length;
      } else reader.skip();
    }
    this.pushKey(reader.bytes, reader.view, keyStart, keyEnd);
    if (value < 0) this.values.pushEmpty();
    else {
      const after = reader.pos;
      reader.pos = value;
      const message = reader.enter();
      pushValue(reader, this.values);
      reader.leave(message);
      reader.pos = after;
    }
    reader.leave(outer);
  }
}

/** smallVarint reads a varint of one to four bytes that ends at `end`, or gives -1. */
function smallVarint(bytes: Uint8Array, start: number, end: number): number {
  const last = end - 1;
  if (last < start || last > start + 3 || bytes[last] > 0x7f) return -1;
  let value = 0;
  for (let at = start; at < last; at++) {
    if (bytes[at] < 0x80) return -1;
    value |= (bytes[at] & 0x7f) << (7 * (at - start));
  }
  return value | (bytes[last] << (7 * (last - start)));
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
