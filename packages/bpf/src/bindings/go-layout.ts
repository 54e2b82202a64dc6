import type { Field, Layout, StructLayout } from "../views/layout.js";
import { isSigned } from "../views/scalar.js";
import { commentText, Names, pascalCase } from "./names.js";
import { cType } from "./ts-views.js";

/** GoNames gives the names of structs and enums in the source. */
export type GoNames = ReadonlyMap<Layout, string>;

interface GoType {
  readonly text: string;
  /** What Go aligns it to. */
  readonly align: number;
}

const BYTES = (size: number): GoType => ({ text: `[${size}]byte`, align: 1 });

/** goSizeAndAlign gives what Go makes of a struct: its alignment is that of its widest member. */
function goAlign(layout: StructLayout, names: GoNames): number {
  return Math.max(1, ...goRows(layout, names).map((row) => row.align));
}

function goType(layout: Layout, names: GoNames): GoType {
  const { size } = layout;
  switch (layout.kind) {
    case "bool":
      return size === 1 ? { text: "bool", align: 1 } : BYTES(size);
    case "float":
      return { text: `float${size * 8}`, align: size };
    case "pointer":
      return { text: "uint64", align: 8 };
    case "int":
      if (![1, 2, 4, 8].includes(size)) return BYTES(size);
      return { text: `${layout.signed ? "int" : "uint"}${size * 8}`, align: size };
    case "enum":
      return { text: names.get(layout) ?? `${isSigned(layout) ? "int" : "uint"}${size * 8}`, align: size };
    case "text":
      return { text: `[${size}]int8`, align: 1 };
    case "bytes":
      return { text: `[${size}]uint8`, align: 1 };
    case "array": {
      const element = goType(layout.element, names);
      return { text: `[${layout.length}]${element.text}`, align: element.align };
    }
    case "union":
      return BYTES(size);
    case "struct": {
      const name = names.get(layout);
      return name === undefined ? BYTES(size) : { text: name, align: goAlign(layout, names) };
    }
  }
}

/** GoRow is a line of a struct in Go. */
export interface GoRow {
  readonly name: string;
  readonly type: string;
  readonly align: number;
  readonly offset: number;
  readonly comment: string | undefined;
}

function pad(at: number, to: number): GoRow[] {
  return to > at ? [{ name: "_", type: `[${to - at}]byte`, align: 1, offset: at, comment: undefined }] : [];
}

// Bit fields have no like in Go: the bytes that hold them are one member, and a comment says which bits.
function bitRun(fields: readonly Field[], from: number): { fields: readonly Field[]; end: number } {
  const first = fields[from];
  const run: Field[] = [];
  let end = first === undefined ? 0 : first.offset;
  for (let i = from; i < fields.length; i++) {
    const field = fields[i];
    if (field?.bits === undefined || field.offset > end) break;
    run.push(field);
    end = Math.max(end, field.offset + Math.ceil((field.bits.shift + field.bits.size) / 8));
  }
  return { fields: run, end };
}

/**
 * goRows gives the members of a struct with all padding written out, so that Go adds none. What Go would
 * align otherwise, as members of packed structs, is bytes; of members that overlap the first is taken.
 */
export function goRows(layout: StructLayout, names: GoNames): GoRow[] {
  const rows: GoRow[] = [];
  const taken = new Names(["_"]);
  let at = 0;
  for (let i = 0; i < layout.fields.length; i++) {
    const field = layout.fields[i];
    // A flexible array at the end has no bytes, and Go would add some for it.
    if (field === undefined || field.offset < at || field.layout.size === 0) continue;
    rows.push(...pad(at, field.offset));
    if (field.bits !== undefined) {
      const run = bitRun(layout.fields, i);
      const size = run.end - field.offset;
      const told = run.fields.map(
        (one) => `${one.name}:${one.bits?.size}@${(one.offset - field.offset) * 8 + (one.bits?.shift ?? 0)}`,
      );
      const name = taken.take(`Bits${field.offset}`);
      rows.push({ name, ...bytesRow(size, field.offset), comment: commentText(`bits ${told.join(" ")}`) });
      at = run.end;
      i += run.fields.length - 1;
      continue;
    }
    const { size } = field.layout;
    const type = goType(field.layout, names);
    const isAligned = field.offset % type.align === 0 && layout.size % type.align === 0;
    const { text, align } = isAligned ? type : BYTES(size);
    const comment = text === type.text && field.layout.kind !== "union" ? undefined : cType(field.layout);
    rows.push({ name: taken.take(pascalCase(field.name)), type: text, align, offset: field.offset, comment });
    at = field.offset + size;
  }
  rows.push(...pad(at, layout.size));
  return rows;
}

function bytesRow(size: number, offset: number): { type: string; align: number; offset: number } {
  return { type: BYTES(size).text, align: 1, offset };
}

/** goTypeText gives the Go type of a layout by itself, as of a variable. */
export function goTypeText(layout: Layout, names: GoNames): string {
  return goType(layout, names).text;
}
