import { type Abbreviation, abbreviationRows } from "./abbreviations.js";
import { fixedSizes, form, numberForms, offsetForms } from "./constants.js";
import { skipForm } from "./entry.js";
import type { LazySection } from "./lazy-section.js";
import type { Cursor } from "./leb.js";
import type { Unit } from "./unit-header.js";

/** Shape is an abbreviation with what makes passing over its entries quick. */
export interface Shape extends Abbreviation {
  /** fixedSize in bytes of an entry's attributes when every form has a fixed one, else -1. */
  readonly fixedSize: number;
}

/** ShapeTable finds a unit's shapes by their codes. */
export interface ShapeTable {
  get(code: number): Shape | undefined;
}

function fixedSizeOf(shape: Abbreviation, unit: Unit): number {
  let size = 0;
  for (const kind of shape.forms) {
    if (kind === form.ADDR) size += unit.addressSize;
    else if (offsetForms.has(kind)) {
      size += kind === form.REF_ADDR && unit.version === 2 ? unit.addressSize : unit.offsetSize;
    } else {
      const fixed = numberForms.has(kind) ? undefined : fixedSizes.get(kind);
      if (fixed === undefined) return -1;
      size += fixed;
    }
  }
  return size;
}

/**
 * readShapes reads the table at offset `at` of .debug_abbrev for units whose sizes are those of `unit`, as far as codes are
 * asked for: the first entries of all units together need a thousandth of it, and a whole table takes 0.3 MB.
 */
export function readShapes(abbreviations: LazySection, at: number, unit: Unit): ShapeTable {
  const byCode = new Map<number, Shape>();
  const rest = abbreviationRows(abbreviations.whole(), at);
  return {
    get(code) {
      const there = byCode.get(code);
      if (there !== undefined) return there;
      for (let next = rest.next(); !next.done; next = rest.next()) {
        const row = next.value;
        // Of a code that stands there twice the first counts.
        if (!byCode.has(row.code)) byCode.set(row.code, { ...row, fixedSize: fixedSizeOf(row, unit) });
        if (row.code === code) return byCode.get(code);
      }
      return undefined;
    },
  };
}

/** skipAttributes moves over the attributes of an entry of this shape. */
export function skipAttributes(cursor: Cursor, unit: Unit, shape: Shape): void {
  // The fixed size is added without a check: whatever is read behind the end throws.
  if (shape.fixedSize >= 0) cursor.at += shape.fixedSize;
  else for (const kind of shape.forms) skipForm(cursor, unit, kind);
}
