import { WIRE } from "@go3s/telemetry";
import { NestedColumn } from "../columns/nested.js";
import { WordColumn } from "../columns/word.js";
import { BAD } from "./profile-problems.js";
import { GOOD, type ProfileTables, UNKNOWN } from "./profile-tables.js";

/**
 * ProfileAttributes is the Map column of samples. Their attributes come from a table of the request, so both keys and
 * values are words, resolved once per request.
 */
export class ProfileAttributes extends NestedColumn<readonly [WordColumn, WordColumn]> {
  private readonly keys: WordColumn;
  private readonly values: WordColumn;

  constructor() {
    const keys = new WordColumn();
    const values = new WordColumn();
    super("Map(LowCardinality(String), LowCardinality(String))", [keys, values]);
    this.keys = keys;
    this.values = values;
  }

  /** resolve gives GOOD or what is wrong with an attribute; its key and value are `lo` and `hi` of the table then. */
  resolve(tables: ProfileTables, index: number): number {
    const { attributes } = tables;
    if (index >= attributes.length) return BAD.ATTRIBUTE;
    const known = attributes.states[index] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    const state = this.read(tables, index);
    attributes.states[index] = state;
    return state;
  }

  /** pushRows appends `count` rows of the first `length` attributes of a list, which are all resolved. */
  pushRows(tables: ProfileTables, list: Uint32Array, length: number, count: number): void {
    const { lo, hi } = tables.attributes;
    let items = 0;
    for (let i = 0; i < length; i++) {
      const index = list[i] ?? 0;
      if (index === 0) continue;
      this.keys.push(lo[index] ?? 0);
      this.values.push(hi[index] ?? 0);
      items++;
    }
    this.endRow();
    if (count === 1) return;
    if (items > 0) {
      const keys = new Uint32Array(items);
      const values = new Uint32Array(items);
      this.keys.copyLast(items, keys);
      this.values.copyLast(items, values);
      this.keys.repeat(keys, count - 1);
      this.values.repeat(values, count - 1);
    }
    this.endRows(items, count - 1);
  }

  private read(tables: ProfileTables, index: number): number {
    const { attributes } = tables;
    const reader = tables.open(attributes, index);
    let key = 0;
    let value = "";
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) {
        reader.expect(WIRE.VARINT, field);
        key = reader.uint32();
      } else if (field === 2) {
        reader.expect(WIRE.BYTES, field);
        const outer = reader.enter();
        value = tables.valueText(reader);
        reader.leave(outer);
      } else reader.skip();
    }
    if (!tables.isString(key)) return BAD.STRING;
    attributes.lo[index] = this.keys.numberOfText(tables.text(key));
    attributes.hi[index] = this.values.numberOfText(value);
    return GOOD;
  }
}
