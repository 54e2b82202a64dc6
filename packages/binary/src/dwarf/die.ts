import { type Bytes, bytesOf, cString, need, sub, u8, u16, u32, u64, u64OrInfinity } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { form } from "./constants.js";
import { skipForm } from "./entry.js";
import { type Cursor, sleb, uleb } from "./leb.js";
import type { DebugUnit, Die } from "./model.js";

/** readDie reads the entry at a position; undefined for the null entry that ends a list of children. */
export function readDie(unit: DebugUnit, bytes: Bytes, at: number): Die | undefined {
  const cursor: Cursor = { bytes, at };
  const code = uleb(cursor);
  if (code === 0) return undefined;
  const shape = unit.shapes().get(code);
  if (shape === undefined) {
    throw new BinaryError("malformed", `${bytes.what}: abbreviation ${code} is not defined`, {
      offset: bytes.base + at,
    });
  }
  const positions: number[] = [];
  for (const kind of shape.forms) {
    positions.push(cursor.at);
    skipForm(cursor, unit.header, kind);
  }
  return { unit, bytes, at, shape, positions, end: cursor.at };
}

/** Value is where an attribute's value lies and how it is written. */
interface Value {
  readonly kind: number;
  readonly at: number;
  readonly implicit: number;
}

function placeOf(die: Die, name: number): Value | undefined {
  const index = die.shape.attributes.indexOf(name);
  if (index < 0) return undefined;
  const kind = die.shape.forms[index] ?? 0;
  const at = die.positions[index] ?? 0;
  if (kind !== form.INDIRECT) return { kind, at, implicit: die.shape.implicit[index] ?? 0 };
  const cursor: Cursor = { bytes: die.bytes, at };
  return { kind: uleb(cursor), at: cursor.at, implicit: 0 };
}

/** formOf returns the form of an attribute, undefined when the entry has none. */
export function formOf(die: Die, name: number): number | undefined {
  return placeOf(die, name)?.kind;
}

/** hasAttribute tells whether the entry has it at all. */
export function hasAttribute(die: Die, name: number): boolean {
  return die.shape.attributes.includes(name);
}

function u24(bytes: Bytes, at: number): number {
  return u16(bytes, at) + u8(bytes, at + 2) * 0x1_0000;
}

/** plainNumber reads any form that holds a number, as written: indexes stay indexes. */
function plainNumber(die: Die, value: Value): number | undefined {
  const { bytes } = die;
  const { at } = value;
  switch (value.kind) {
    case form.IMPLICIT_CONST:
      return value.implicit;
    case form.FLAG_PRESENT:
      return 1;
    case form.SDATA:
      return sleb({ bytes, at });
    case form.UDATA:
    case form.REF_UDATA:
    case form.STRX:
    case form.ADDRX:
    case form.LOCLISTX:
    case form.RNGLISTX:
    case form.GNU_ADDR_INDEX:
    case form.GNU_STR_INDEX:
      return uleb({ bytes, at });
    case form.FLAG:
    case form.DATA1:
    case form.REF1:
    case form.STRX1:
    case form.ADDRX1:
      return u8(bytes, at);
    case form.DATA2:
    case form.REF2:
    case form.STRX2:
    case form.ADDRX2:
      return u16(bytes, at);
    case form.STRX3:
    case form.ADDRX3:
      return u24(bytes, at);
    case form.DATA4:
    case form.REF4:
    case form.STRX4:
    case form.ADDRX4:
      return u32(bytes, at);
    case form.DATA8:
    case form.REF8:
      return u64OrInfinity(bytes, at);
    case form.ADDR:
      return die.unit.header.addressSize === 4 ? u32(bytes, at) : u64OrInfinity(bytes, at);
    case form.STRP:
    case form.LINE_STRP:
    case form.SEC_OFFSET:
    case form.REF_ADDR:
      return die.unit.header.offsetSize === 8 ? u64(bytes, at) : u32(bytes, at);
    default:
      return undefined;
  }
}

const addressIndexes: ReadonlySet<number> = new Set<number>([
  form.ADDRX,
  form.ADDRX1,
  form.ADDRX2,
  form.ADDRX3,
  form.ADDRX4,
  form.GNU_ADDR_INDEX,
]);

/** isAddressForm tells whether a form holds an address: high_pc is a size when it does not. */
export function isAddressForm(kind: number): boolean {
  return kind === form.ADDR || addressIndexes.has(kind);
}

/** indexedAddress reads entry index of the unit's part of .debug_addr, which is in the program also for split units. */
export function indexedAddress(unit: DebugUnit, index: number): number {
  const owner = unit.skeleton ?? unit;
  const size = unit.header.addressSize;
  const at = unit.bases().addresses + index * size;
  const table = owner.file.addresses.whole();
  return size === 4 ? u32(table, at) : u64OrInfinity(table, at);
}

/** numberOf reads a constant, flag, section offset or address; undefined when the entry has none that is a number. */
export function numberOf(die: Die, name: number): number | undefined {
  const value = placeOf(die, name);
  if (value === undefined) return undefined;
  const number = plainNumber(die, value);
  return number !== undefined && addressIndexes.has(value.kind) ? indexedAddress(die.unit, number) : number;
}

/** signatureOf reads 64 bits whole. */
export function signatureOf(die: Die, name: number): bigint | undefined {
  const value = placeOf(die, name);
  if (value === undefined || (value.kind !== form.DATA8 && value.kind !== form.REF_SIG8)) return undefined;
  need(die.bytes, value.at, 8);
  return die.bytes.view.getBigUint64(value.at, true);
}

/** indexedText reads string index of the unit's part of .debug_str_offsets. */
export function indexedText(unit: DebugUnit, index: number): string {
  const wide = unit.header.offsetSize === 8;
  const at = unit.bases().strings + index * unit.header.offsetSize;
  const table = unit.file.stringOffsets.whole();
  return cString(unit.file.strings.whole(), wide ? u64(table, at) : u32(table, at));
}

/** textOf reads a string of any form; undefined when there is none or it is in a file we do not have. */
export function textOf(die: Die, name: number): string | undefined {
  const value = placeOf(die, name);
  if (value === undefined) return undefined;
  if (value.kind === form.STRING) return cString(die.bytes, value.at);
  const number = plainNumber(die, value);
  if (number === undefined) return undefined;
  if (value.kind === form.STRP) return cString(die.unit.file.strings.whole(), number);
  if (value.kind === form.LINE_STRP) return cString(die.unit.file.lineStrings.whole(), number);
  return indexedText(die.unit, number);
}

/** blockOf reads an expression or another block of bytes. */
export function blockOf(die: Die, name: number): Bytes | undefined {
  const value = placeOf(die, name);
  if (value === undefined) return undefined;
  const cursor: Cursor = { bytes: die.bytes, at: value.at };
  let length: number;
  switch (value.kind) {
    case form.EXPRLOC:
    case form.BLOCK:
      length = uleb(cursor);
      break;
    case form.BLOCK1:
      length = u8(die.bytes, cursor.at);
      cursor.at += 1;
      break;
    case form.BLOCK2:
      length = u16(die.bytes, cursor.at);
      cursor.at += 2;
      break;
    case form.BLOCK4:
      length = u32(die.bytes, cursor.at);
      cursor.at += 4;
      break;
    case form.DATA16:
      length = 16;
      break;
    default:
      return undefined;
  }
  const piece = sub(die.bytes, cursor.at, length, "a location expression");
  return bytesOf(piece.data, piece.base, piece.what);
}

/** DieReference is where an attribute points: a position in the same unit, or an offset in .debug_info. */
export interface DieReference {
  /** offset in .debug_info of the file that the unit is in. */
  readonly offset: number;
}

/** referenceOf reads where an attribute points; undefined for none, and for references into other files. */
export function referenceOf(die: Die, name: number): DieReference | undefined {
  const value = placeOf(die, name);
  if (value === undefined) return undefined;
  switch (value.kind) {
    case form.REF_ADDR:
      return { offset: plainNumber(die, value) ?? 0 };
    case form.REF1:
    case form.REF2:
    case form.REF4:
    case form.REF8:
    case form.REF_UDATA:
      return { offset: die.unit.header.start + (plainNumber(die, value) ?? 0) };
    case form.REF_SIG8: {
      const signature = signatureOf(die, name);
      const offset = signature === undefined ? undefined : die.unit.typeAt(signature);
      return offset === undefined ? undefined : { offset };
    }
    default:
      return undefined;
  }
}
