import { cString, need, u8, u16, u32, u64, u64OrInfinity } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import type { Abbreviation } from "./abbreviations.js";
import { attribute, fixedSizes, form, numberForms, offsetForms } from "./constants.js";
import { type Cursor, skip, sleb, uleb } from "./leb.js";
import type { DwarfSections } from "./sections.js";
import type { Unit } from "./unit-header.js";

/** Entry is what we keep of a debugging information entry. */
export interface Entry {
  readonly tag: number;
  readonly children: boolean;
  readonly name: string | undefined;
  readonly byteSize: number | undefined;
  readonly memberLocation: number | undefined;
  /** type is the offset in .debug_info of the entry this one's DW_AT_type refers to. */
  readonly type: number | undefined;
  readonly declaration: boolean;
  readonly stringOffsetsBase: number | undefined;
}

/** variableSize returns the bytes of a value whose form does not fix them, its own length included. */
function variableSize(cursor: Cursor, unit: Unit, kind: number): number {
  const { bytes, at } = cursor;
  if (offsetForms.has(kind))
    return kind === form.REF_ADDR && unit.version === 2 ? unit.addressSize : unit.offsetSize;
  switch (kind) {
    case form.STRING: {
      need(bytes, at, 1);
      const end = bytes.data.indexOf(0, at);
      if (end < 0)
        throw new BinaryError("truncated", `${bytes.what}: text without its NUL`, {
          offset: bytes.base + at,
        });
      return end + 1 - at;
    }
    case form.ADDR:
      return unit.addressSize;
    case form.BLOCK:
    case form.EXPRLOC: {
      const inner: Cursor = { bytes, at };
      const length = uleb(inner);
      return inner.at - at + length;
    }
    case form.BLOCK1:
      return u8(bytes, at) + 1;
    case form.BLOCK2:
      return u16(bytes, at) + 2;
    case form.BLOCK4:
      return u32(bytes, at) + 4;
    default:
      throw new BinaryError("unsupported-dwarf", `${bytes.what}: form 0x${kind.toString(16)}`, {
        offset: bytes.base + at,
      });
  }
}

/** skipForm moves over one value. */
export function skipForm(cursor: Cursor, unit: Unit, kind: number): void {
  // An indirect form of an indirect form ends in variableSize's error, not in a loop.
  const real = kind === form.INDIRECT ? uleb(cursor) : kind;
  if (numberForms.has(real)) uleb(cursor);
  else skip(cursor, fixedSizes.get(real) ?? variableSize(cursor, unit, real));
}

/** readNumber reads constants and references; undefined for other forms. It moves the cursor only when it returns one. */
function readNumber(cursor: Cursor, unit: Unit, kind: number, implicit: number): number | undefined {
  const { bytes, at } = cursor;
  switch (kind) {
    case form.IMPLICIT_CONST:
      return implicit;
    case form.SDATA:
      return sleb(cursor);
    case form.UDATA:
    case form.REF_UDATA:
    case form.STRX:
      return uleb(cursor);
    case form.DATA1:
    case form.REF1:
    case form.STRX1:
      cursor.at += 1;
      return u8(bytes, at);
    case form.DATA2:
    case form.REF2:
    case form.STRX2:
      cursor.at += 2;
      return u16(bytes, at);
    case form.STRX3:
      cursor.at += 3;
      return u16(bytes, at) + u8(bytes, at + 2) * 0x1_0000;
    case form.DATA4:
    case form.REF4:
    case form.STRX4:
      cursor.at += 4;
      return u32(bytes, at);
    case form.DATA8:
    case form.REF8:
      cursor.at += 8;
      return u64OrInfinity(bytes, at);
    case form.STRP:
    case form.LINE_STRP:
    case form.SEC_OFFSET:
    case form.REF_ADDR:
      cursor.at += unit.offsetSize;
      return unit.offsetSize === 8 ? u64(bytes, at) : u32(bytes, at);
    default:
      return undefined;
  }
}

function readText(
  dwarf: DwarfSections,
  cursor: Cursor,
  unit: Unit,
  kind: number,
  base: number | undefined,
): string | undefined {
  if (kind === form.STRING) {
    const value = cString(cursor.bytes, cursor.at);
    skipForm(cursor, unit, kind);
    return value;
  }
  const number = readNumber(cursor, unit, kind, 0);
  if (number === undefined) {
    skipForm(cursor, unit, kind);
    return undefined;
  }
  if (kind === form.STRP) return cString(dwarf.strings, number);
  if (kind === form.LINE_STRP) return cString(dwarf.lineStrings, number);
  // Without DW_AT_str_offsets_base the table begins behind the section's header.
  const slot = (base ?? 2 * unit.offsetSize) + number * unit.offsetSize;
  const at = unit.offsetSize === 8 ? u64(dwarf.stringOffsets, slot) : u32(dwarf.stringOffsets, slot);
  return cString(dwarf.strings, at);
}

/** readLocation reads DW_AT_data_member_location: a number, or in old files the expression DW_OP_plus_uconst N. */
function readLocation(cursor: Cursor, unit: Unit, kind: number, implicit: number): number | undefined {
  const number = readNumber(cursor, unit, kind, implicit);
  if (number !== undefined) return number;
  const start = cursor.at;
  skipForm(cursor, unit, kind);
  const lengths = new Map<number, number>([
    [form.BLOCK1, 1],
    [form.EXPRLOC, 1],
    [form.BLOCK, 1],
  ]);
  const header = lengths.get(kind);
  if (header === undefined || cursor.bytes.data[start + header] !== 0x23) return undefined;
  return uleb({ bytes: cursor.bytes, at: start + header + 1 });
}

function reference(unit: Unit, kind: number, value: number): number {
  return kind === form.REF_ADDR ? value : unit.start + value;
}

/** readEntry reads the entry whose attributes begin at the cursor (its code was read) and leaves the cursor behind it. */
export function readEntry(
  dwarf: DwarfSections,
  cursor: Cursor,
  unit: Unit,
  shape: Abbreviation,
  stringBase?: number,
): Entry {
  let name: string | undefined;
  let byteSize: number | undefined;
  let memberLocation: number | undefined;
  let type: number | undefined;
  let stringOffsetsBase: number | undefined;
  let declaration = false;
  for (let i = 0; i < shape.attributes.length; i++) {
    const kind = shape.forms[i] ?? 0;
    const implicit = shape.implicit[i] ?? 0;
    switch (shape.attributes[i]) {
      case attribute.NAME:
        name = readText(dwarf, cursor, unit, kind, stringBase);
        break;
      case attribute.BYTE_SIZE:
        byteSize = readNumber(cursor, unit, kind, implicit);
        if (byteSize === undefined) skipForm(cursor, unit, kind);
        break;
      case attribute.MEMBER_LOCATION:
        memberLocation = readLocation(cursor, unit, kind, implicit);
        break;
      case attribute.TYPE: {
        const value = readNumber(cursor, unit, kind, implicit);
        if (value === undefined) skipForm(cursor, unit, kind);
        else type = reference(unit, kind, value);
        break;
      }
      case attribute.STR_OFFSETS_BASE:
        stringOffsetsBase = readNumber(cursor, unit, kind, implicit);
        if (stringOffsetsBase === undefined) skipForm(cursor, unit, kind);
        break;
      case attribute.DECLARATION:
        declaration = true;
        skipForm(cursor, unit, kind);
        break;
      default:
        skipForm(cursor, unit, kind);
    }
  }
  return {
    tag: shape.tag,
    children: shape.children,
    name,
    byteSize,
    memberLocation,
    type,
    declaration,
    stringOffsetsBase,
  };
}

/** skipEntry moves over an entry's attributes. */
export function skipEntry(cursor: Cursor, unit: Unit, shape: Abbreviation): void {
  for (const kind of shape.forms) skipForm(cursor, unit, kind);
}
