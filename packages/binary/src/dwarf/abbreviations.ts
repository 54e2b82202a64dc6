import type { Bytes } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { form } from "./constants.js";
import { type Cursor, sleb, uleb } from "./leb.js";

/** Abbreviation is the shape of the entries that begin with its code. */
export interface Abbreviation {
  readonly code: number;
  readonly tag: number;
  readonly children: boolean;
  /** attributes and forms run in parallel; implicit holds the value of DW_FORM_implicit_const, else 0. */
  readonly attributes: readonly number[];
  readonly forms: readonly number[];
  readonly implicit: readonly number[];
}

/** abbreviationRows yields one unit's table in its order: (code, tag, children, (attribute, form)… 0 0)… 0. */
export function* abbreviationRows(section: Bytes, offset: number): Generator<Abbreviation> {
  const cursor: Cursor = { bytes: section, at: offset };
  for (;;) {
    const code = uleb(cursor);
    if (code === 0) return;
    const tag = uleb(cursor);
    const children = uleb(cursor) !== 0;
    const attributes: number[] = [];
    const forms: number[] = [];
    const implicit: number[] = [];
    for (;;) {
      const attribute = uleb(cursor);
      const kind = uleb(cursor);
      if (attribute === 0 && kind === 0) break;
      attributes.push(attribute);
      forms.push(kind);
      implicit.push(kind === form.IMPLICIT_CONST ? sleb(cursor) : 0);
    }
    yield { code, tag, children, attributes, forms, implicit };
  }
}

/** readAbbreviations reads one unit's table whole. */
export function readAbbreviations(section: Bytes, offset: number): ReadonlyMap<number, Abbreviation> {
  const table = new Map<number, Abbreviation>();
  for (const row of abbreviationRows(section, offset)) {
    if (table.has(row.code)) {
      throw new BinaryError("malformed", `${section.what}: code ${row.code} twice`, {
        offset: section.base + offset,
      });
    }
    table.set(row.code, row);
  }
  return table;
}
