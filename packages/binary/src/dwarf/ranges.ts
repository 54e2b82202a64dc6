import { type Bytes, u8, u32, u64, u64OrInfinity } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { attribute, form } from "./constants.js";
import { formOf, indexedAddress, isAddressForm, numberOf } from "./die.js";
import { type Cursor, uleb } from "./leb.js";
import type { DebugUnit, Die } from "./model.js";

/** AddressRange is [start, end) of virtual addresses. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** rangeEntry is DW_RLE_*, DWARF 5, section 7.25. */
const rangeEntry = {
  END: 0,
  BASE_X: 1,
  STARTX_ENDX: 2,
  STARTX_LENGTH: 3,
  OFFSET_PAIR: 4,
  BASE: 5,
  START_END: 6,
  START_LENGTH: 7,
} as const;

/** unitBase is the address that a unit's lists count from until they say otherwise. */
export function unitBase(unit: DebugUnit): number {
  const root = (unit.skeleton ?? unit).root();
  return (root === undefined ? undefined : numberOf(root, attribute.LOW_PC)) ?? 0;
}

/** addressAt reads one address at the cursor. */
export function addressAt(cursor: Cursor, size: number): number {
  const value = size === 4 ? u32(cursor.bytes, cursor.at) : u64OrInfinity(cursor.bytes, cursor.at);
  cursor.at += size;
  return value;
}

/** listOffset resolves an index into a unit's table of lists (DW_FORM_rnglistx, loclistx). */
export function listOffset(unit: DebugUnit, table: Bytes, base: number, index: number): number {
  const wide = unit.header.offsetSize === 8;
  const at = base + index * unit.header.offsetSize;
  return base + (wide ? u64(table, at) : u32(table, at));
}

function readOld(unit: DebugUnit, offset: number): AddressRange[] {
  // .debug_ranges stays in the program also for split units.
  const bytes = (unit.skeleton ?? unit).file.ranges.whole();
  const size = unit.header.addressSize;
  const cursor: Cursor = { bytes, at: offset };
  const out: AddressRange[] = [];
  let base = unitBase(unit);
  for (;;) {
    const start = addressAt(cursor, size);
    const end = addressAt(cursor, size);
    if (start === 0 && end === 0) return out;
    // The largest address selects a new base.
    if (start === Number.POSITIVE_INFINITY || (size === 4 && start === 0xffff_ffff)) base = end;
    else if (start < end) out.push({ start: base + start, end: base + end });
  }
}

function readNew(unit: DebugUnit, bytes: Bytes, offset: number): AddressRange[] {
  const size = unit.header.addressSize;
  const cursor: Cursor = { bytes, at: offset };
  const out: AddressRange[] = [];
  let base = unitBase(unit);
  const add = (start: number, end: number) => {
    if (start < end) out.push({ start, end });
  };
  for (;;) {
    const kind = u8(bytes, cursor.at);
    cursor.at++;
    switch (kind) {
      case rangeEntry.END:
        return out;
      case rangeEntry.BASE_X:
        base = indexedAddress(unit, uleb(cursor));
        break;
      case rangeEntry.STARTX_ENDX:
        add(indexedAddress(unit, uleb(cursor)), indexedAddress(unit, uleb(cursor)));
        break;
      case rangeEntry.STARTX_LENGTH: {
        const start = indexedAddress(unit, uleb(cursor));
        add(start, start + uleb(cursor));
        break;
      }
      case rangeEntry.OFFSET_PAIR:
        add(base + uleb(cursor), base + uleb(cursor));
        break;
      case rangeEntry.BASE:
        base = addressAt(cursor, size);
        break;
      case rangeEntry.START_END:
        add(addressAt(cursor, size), addressAt(cursor, size));
        break;
      case rangeEntry.START_LENGTH: {
        const start = addressAt(cursor, size);
        add(start, start + uleb(cursor));
        break;
      }
      default:
        throw new BinaryError("malformed", `${bytes.what}: range entry of kind ${kind}`, {
          offset: bytes.base + cursor.at - 1,
        });
    }
  }
}

/** rangesOf returns the code that an entry covers, from low_pc and high_pc or from its list; none for a declaration. */
export function rangesOf(die: Die): AddressRange[] {
  const { unit } = die;
  const kind = formOf(die, attribute.RANGES);
  if (kind !== undefined) {
    const value = numberOf(die, attribute.RANGES) ?? 0;
    if (unit.header.version < 5) return readOld(unit, value + unit.bases().ranges);
    const table = unit.file.rangeLists.whole();
    const offset = kind === form.RNGLISTX ? listOffset(unit, table, unit.bases().rangeLists, value) : value;
    return readNew(unit, table, offset);
  }
  const start = numberOf(die, attribute.LOW_PC);
  const high = numberOf(die, attribute.HIGH_PC);
  if (start === undefined || high === undefined) return [];
  const end = isAddressForm(formOf(die, attribute.HIGH_PC) ?? 0) ? high : start + high;
  return start < end ? [{ start, end }] : [];
}
