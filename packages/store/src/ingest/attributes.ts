import { WIRE, type WireReader } from "@go3s/telemetry";
import { NestedColumn } from "../columns/nested.js";
import { StringColumn } from "../columns/string.js";
import { WordColumn } from "../columns/word.js";
import { pushValue, type ValueSink } from "./value-text.js";

/** KEY and VALUE_TAG are the tags of KeyValue's two fields, STRING and INT those of the values that most attributes have. */
const KEY = (1 << 3) | 2;
const VALUE_TAG = (2 << 3) | 2;
const STRING = (1 << 3) | 2;
const INT = 3 << 3;

/** AttributeSink takes attributes: keys with the types of their values (fields of AnyValue), and values. */
export interface AttributeSink {
  readonly values: ValueSink & { pushDecimal(value: number): void };
  pushKey(bytes: Uint8Array, view: DataView, start: number, end: number, type: number): void;
}

/** AttributesColumn is a Map column, of events, links and exemplars, that is filled from KeyValue messages as they lie in the request. */
export class AttributesColumn
  extends NestedColumn<readonly [WordColumn, StringColumn]>
  implements AttributeSink
{
  readonly values: StringColumn;
  private readonly keys: WordColumn;
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
  }

  /** pushAttribute appends the KeyValue message that the reader's next length announces. */
  pushAttribute(reader: WireReader): void {
    readAttribute(reader, this);
  }

  pushKey(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const number = this.keys.dictionary.numberAfter(this.previous, bytes, view, start, end);
    this.previous = number;
    this.keys.push(number);
  }
}

/**
 * readAttribute reads the KeyValue message that the reader's next length announces.
 * A short key with a short string or a small integer, which nearly all are, is read here without a call per field.
 */
export function readAttribute(reader: WireReader, into: AttributeSink): void {
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
        into.pushKey(bytes, view, start + 2, keyEnd, STRING >> 3);
        into.values.push(bytes, view, value + 2, end);
        reader.pos = end;
        return;
      }
      if (bytes[value] === INT) {
        const number = smallVarint(bytes, value + 1, end);
        if (number >= 0) {
          into.pushKey(bytes, view, start + 2, keyEnd, INT >> 3);
          into.values.pushDecimal(number);
          reader.pos = end;
          return;
        }
      }
    }
  }
  readSlowly(reader, into);
}

function readSlowly(reader: WireReader, into: AttributeSink): void {
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
  let type = 0;
  if (value < 0) into.values.pushEmpty();
  else {
    const after = reader.pos;
    reader.pos = value;
    const message = reader.enter();
    type = pushValue(reader, into.values);
    reader.leave(message);
    reader.pos = after;
  }
  into.pushKey(reader.bytes, reader.view, keyStart, keyEnd, type);
  reader.leave(outer);
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
