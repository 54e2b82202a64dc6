import { type Bytes, sub, u8, u16, u32 } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { form } from "./constants.js";
import { blockOf, formOf, indexedAddress, numberOf } from "./die.js";
import { type Cursor, skip, uleb } from "./leb.js";
import type { DebugUnit, Die } from "./model.js";
import { type AddressRange, addressAt, listOffset, unitBase } from "./ranges.js";

/** LocationEntry is an expression and the code where it holds; without a range it holds everywhere. */
export interface LocationEntry {
  readonly range: AddressRange | undefined;
  readonly expression: Bytes;
}

/** listEntry is DW_LLE_*, DWARF 5, section 7.7.3; VIEW_PAIR is GNU's. */
const listEntry = {
  END: 0,
  BASE_X: 1,
  STARTX_ENDX: 2,
  STARTX_LENGTH: 3,
  OFFSET_PAIR: 4,
  DEFAULT: 5,
  BASE: 6,
  START_END: 7,
  START_LENGTH: 8,
  VIEW_PAIR: 9,
} as const;

function expressionAt(cursor: Cursor, length: number): Bytes {
  const expression = sub(cursor.bytes, cursor.at, length, "a location expression");
  cursor.at += length;
  return expression;
}

function shortExpression(cursor: Cursor): Bytes {
  const length = u16(cursor.bytes, cursor.at);
  cursor.at += 2;
  return expressionAt(cursor, length);
}

function* oldList(unit: DebugUnit, bytes: Bytes, offset: number): Generator<LocationEntry> {
  const size = unit.header.addressSize;
  const cursor: Cursor = { bytes, at: offset };
  let base = unitBase(unit);
  for (;;) {
    const start = addressAt(cursor, size);
    const end = addressAt(cursor, size);
    if (start === 0 && end === 0) return;
    if (start === Number.POSITIVE_INFINITY || (size === 4 && start === 0xffff_ffff)) base = end;
    else yield { range: { start: base + start, end: base + end }, expression: shortExpression(cursor) };
  }
}

/** splitOldList reads the form that DWARF 4's split units have: kinds with indexes, 32-bit lengths. */
function* splitOldList(unit: DebugUnit, bytes: Bytes, offset: number): Generator<LocationEntry> {
  const cursor: Cursor = { bytes, at: offset };
  let base = unitBase(unit);
  const word = () => {
    const value = u32(bytes, cursor.at);
    cursor.at += 4;
    return value;
  };
  for (;;) {
    const kind = u8(bytes, cursor.at);
    cursor.at++;
    let range: AddressRange;
    switch (kind) {
      case listEntry.END:
        return;
      case listEntry.BASE_X:
        base = indexedAddress(unit, uleb(cursor));
        continue;
      case listEntry.STARTX_ENDX:
        range = { start: indexedAddress(unit, uleb(cursor)), end: indexedAddress(unit, uleb(cursor)) };
        break;
      case listEntry.STARTX_LENGTH: {
        const start = indexedAddress(unit, uleb(cursor));
        range = { start, end: start + word() };
        break;
      }
      case listEntry.OFFSET_PAIR:
        range = { start: base + word(), end: base + word() };
        break;
      default:
        throw unknownKind(bytes, cursor.at - 1, kind);
    }
    yield { range, expression: shortExpression(cursor) };
  }
}

function unknownKind(bytes: Bytes, at: number, kind: number): BinaryError {
  return new BinaryError("malformed", `${bytes.what}: location entry of kind ${kind}`, {
    offset: bytes.base + at,
  });
}

function* newList(unit: DebugUnit, bytes: Bytes, offset: number): Generator<LocationEntry> {
  const size = unit.header.addressSize;
  const cursor: Cursor = { bytes, at: offset };
  let base = unitBase(unit);
  for (;;) {
    const kind = u8(bytes, cursor.at);
    cursor.at++;
    let range: AddressRange | undefined;
    switch (kind) {
      case listEntry.END:
        return;
      case listEntry.BASE_X:
        base = indexedAddress(unit, uleb(cursor));
        continue;
      case listEntry.BASE:
        base = addressAt(cursor, size);
        continue;
      case listEntry.VIEW_PAIR:
        uleb(cursor);
        uleb(cursor);
        continue;
      case listEntry.STARTX_ENDX:
        range = { start: indexedAddress(unit, uleb(cursor)), end: indexedAddress(unit, uleb(cursor)) };
        break;
      case listEntry.STARTX_LENGTH: {
        const start = indexedAddress(unit, uleb(cursor));
        range = { start, end: start + uleb(cursor) };
        break;
      }
      case listEntry.OFFSET_PAIR:
        range = { start: base + uleb(cursor), end: base + uleb(cursor) };
        break;
      case listEntry.DEFAULT:
        break;
      case listEntry.START_END:
        range = { start: addressAt(cursor, size), end: addressAt(cursor, size) };
        break;
      case listEntry.START_LENGTH: {
        const start = addressAt(cursor, size);
        range = { start, end: start + uleb(cursor) };
        break;
      }
      default:
        throw unknownKind(bytes, cursor.at - 1, kind);
    }
    const length = uleb(cursor);
    const at = cursor.at;
    skip(cursor, length);
    yield { range, expression: sub(bytes, at, length, "a location expression") };
  }
}

/** locationEntries yields an attribute's expressions with where each holds; none when the entry has no such attribute. */
export function* locationEntries(die: Die, name: number): Generator<LocationEntry> {
  const kind = formOf(die, name);
  if (kind === undefined) return;
  const expression = blockOf(die, name);
  if (expression !== undefined) {
    yield { range: undefined, expression };
    return;
  }
  const { unit } = die;
  const value = numberOf(die, name) ?? 0;
  if (unit.header.version < 5) {
    const bytes = unit.file.locations.whole();
    const start = value + (unit.contribution?.locations ?? 0);
    yield* unit.file.isSplit ? splitOldList(unit, bytes, start) : oldList(unit, bytes, value);
    return;
  }
  const table = unit.file.locationLists.whole();
  const offset = kind === form.LOCLISTX ? listOffset(unit, table, unit.bases().locationLists, value) : value;
  yield* newList(unit, table, offset);
}

/** expressionOf returns the expression that holds at an address; undefined when none does. */
export function expressionOf(die: Die, name: number, address: number): Bytes | undefined {
  let fallback: Bytes | undefined;
  for (const { range, expression } of locationEntries(die, name)) {
    if (range === undefined) fallback ??= expression;
    else if (address >= range.start && address < range.end) return expression;
  }
  return fallback;
}
