import { type Bytes, cString, i32, sub, u8, u16, u32, u64, u64OrInfinity } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { type Cursor, sleb, uleb } from "./leb.js";

/** FrameSection is .eh_frame or .debug_frame, which are nearly the same format. */
export interface FrameSection {
  readonly bytes: Bytes;
  /** address at which .eh_frame is loaded: its pointers are relative to themselves. */
  readonly address: number;
  readonly isEh: boolean;
}

/** CommonEntry (CIE) is what the entries of many functions share. */
export interface CommonEntry {
  readonly codeAlign: number;
  readonly dataAlign: number;
  /** encoding of the pointers in function entries, DW_EH_PE_*. */
  readonly encoding: number;
  readonly hasAugmentation: boolean;
  readonly instructions: Bytes;
}

/** FunctionEntry (FDE) says how the frame of the code [start, end) changes along the way. */
export interface FunctionEntry {
  /** at is where the entry stands in its section. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
  readonly common: CommonEntry;
  readonly instructions: Bytes;
}

/** readPointer reads a pointer in one of the encodings of the Linux Standard Base (Core, 10.5.1, DWARF Exception Header). */
export function readPointer(section: FrameSection, cursor: Cursor, encoding: number): number {
  const { bytes, at } = cursor;
  const kind = encoding & 0x0f;
  let value: number;
  const fixed = (size: number, read: () => number): number => {
    const number = read();
    cursor.at += size;
    return number;
  };
  switch (kind) {
    case 0x00:
    case 0x04:
      value = fixed(8, () => u64OrInfinity(bytes, at));
      break;
    case 0x01:
      value = uleb(cursor);
      break;
    case 0x02:
      value = fixed(2, () => u16(bytes, at));
      break;
    case 0x03:
      value = fixed(4, () => u32(bytes, at));
      break;
    case 0x09:
      value = sleb(cursor);
      break;
    case 0x0a:
      value = fixed(2, () => (u16(bytes, at) << 16) >> 16);
      break;
    case 0x0b:
      value = fixed(4, () => i32(bytes, at));
      break;
    case 0x0c:
      value = fixed(8, () => i32(bytes, at + 4) * 2 ** 32 + u32(bytes, at));
      break;
    default:
      throw new BinaryError("unsupported-dwarf", `${bytes.what}: a pointer of encoding ${encoding}`, {
        offset: bytes.base + at,
      });
  }
  // 0x10 counts from the pointer's own place; the other bases are only used for data.
  return (encoding & 0x70) === 0x10 ? section.address + at + value : value;
}

function readCommon(section: FrameSection, start: number, end: number): CommonEntry {
  const { bytes } = section;
  const cursor: Cursor = { bytes, at: start };
  const version = u8(bytes, cursor.at);
  const augmentation = cString(bytes, cursor.at + 1);
  cursor.at = bytes.data.indexOf(0, cursor.at + 1) + 1;
  // Version 4 says the sizes of addresses and segments.
  if (version >= 4) cursor.at += 2;
  const codeAlign = uleb(cursor);
  const dataAlign = sleb(cursor);
  if (version === 1) cursor.at++;
  else uleb(cursor);
  let encoding = 0;
  const hasAugmentation = augmentation.startsWith("z");
  if (hasAugmentation) {
    const length = uleb(cursor);
    const after = cursor.at + length;
    for (const letter of augmentation.slice(1)) {
      if (letter === "R") encoding = u8(bytes, cursor.at++);
      else if (letter === "L") cursor.at++;
      else if (letter === "P") readPointer(section, cursor, u8(bytes, cursor.at++));
      // "S" and "B" mark signal frames and signed return addresses; they carry nothing.
    }
    cursor.at = after;
  }
  return {
    codeAlign,
    dataAlign,
    encoding,
    hasAugmentation,
    instructions: sub(bytes, cursor.at, end - cursor.at),
  };
}

/**
 * frameEntries yields the functions of a section from an entry on, in its order; commons keeps what it met of common
 * entries. Throws BinaryError where an entry is broken.
 */
export function* frameEntries(
  section: FrameSection,
  commons: Map<number, CommonEntry>,
  from = 0,
): Generator<FunctionEntry> {
  const { bytes, isEh } = section;
  for (let at = from; at + 4 <= bytes.data.length; ) {
    const first = u32(bytes, at);
    // A length of 0 ends .eh_frame.
    if (first === 0) return;
    const wide = first === 0xffff_ffff;
    const length = wide ? u64(bytes, at + 4) : first;
    const body = at + (wide ? 12 : 4);
    const end = body + length;
    const idSize = wide && !isEh ? 8 : 4;
    const id = idSize === 8 ? u64OrInfinity(bytes, body) : u32(bytes, body);
    sub(bytes, body, length);
    const isCommon = isEh ? id === 0 : id === (wide ? Number.POSITIVE_INFINITY : 0xffff_ffff);
    if (isCommon) commons.set(at, readCommon(section, body + idSize, end));
    else {
      const common = commons.get(isEh ? body - id : id);
      // An entry whose common one is not there says nothing; the next ones may.
      if (common !== undefined) {
        const cursor: Cursor = { bytes, at: body + idSize };
        const start = readPointer(section, cursor, common.encoding);
        const size = readPointer(section, cursor, common.encoding & 0x0f);
        if (common.hasAugmentation) {
          const skipped = uleb(cursor);
          cursor.at += skipped;
        }
        yield { at, start, end: start + size, common, instructions: sub(bytes, cursor.at, end - cursor.at) };
      }
    }
    at = end;
  }
}
