import { type Bytes, bytesOf, u8, u16, u32, u64 } from "../bytes/view.js";
import { decompressOld } from "../elf/compressed.js";
import type { ElfFile } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { type Abbreviation, readAbbreviations } from "./abbreviations.js";

/** DwarfSections are the sections that type information is in; they are read and decompressed once. */
export interface DwarfSections {
  readonly info: Bytes;
  readonly strings: Bytes;
  readonly lineStrings: Bytes;
  readonly stringOffsets: Bytes;
  readonly units: readonly Unit[];
  /** abbreviations returns the table of a unit, read once per offset. */
  abbreviations(unit: Unit): ReadonlyMap<number, Abbreviation>;
}

/** Unit is a compilation unit's header. */
export interface Unit {
  /** start is the header's offset in .debug_info: references within the unit count from it. */
  readonly start: number;
  /** entries is where the first entry begins. */
  readonly entries: number;
  readonly end: number;
  readonly version: number;
  /** offsetSize is 4, or 8 in 64-bit DWARF. */
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
  readonly abbreviationsAt: number;
}

// DWARF 5, section 7.5.1: type and skeleton units carry 8 or 16 bytes more in their headers.
const extraHeader: ReadonlyMap<number, number> = new Map([
  [0x02, 8 + 4],
  [0x04, 8],
  [0x05, 8],
  [0x06, 8 + 4],
]);

function readUnit(info: Bytes, start: number): Unit {
  let at = start;
  const first = u32(info, at);
  const offsetSize = first === 0xffff_ffff ? 8 : 4;
  const length = offsetSize === 8 ? u64(info, at + 4) : first;
  at += offsetSize === 8 ? 12 : 4;
  const end = at + length;
  if (end > info.data.length || length < 7) {
    throw new BinaryError("truncated", `${info.what}: a unit of ${length} bytes`, {
      offset: info.base + start,
    });
  }
  const version = u16(info, at);
  const read = (offset: number) => (offsetSize === 8 ? u64(info, offset) : u32(info, offset));
  if (version === 4 || version === 3 || version === 2) {
    const abbreviationsAt = read(at + 2);
    const addressSize = u8(info, at + 2 + offsetSize);
    return { start, entries: at + 3 + offsetSize, end, version, offsetSize, addressSize, abbreviationsAt };
  }
  if (version !== 5) {
    throw new BinaryError("unsupported-dwarf", `${info.what}: a unit of DWARF version ${version}`, {
      offset: info.base + at,
    });
  }
  const kind = u8(info, at + 2);
  const extra = (extraHeader.get(kind) ?? 0) + (offsetSize === 8 && (kind === 2 || kind === 6) ? 4 : 0);
  const entries = at + 4 + offsetSize + extra;
  return {
    start,
    entries,
    end,
    version,
    offsetSize,
    addressSize: u8(info, at + 3),
    abbreviationsAt: read(at + 4),
  };
}

function readUnits(info: Bytes): Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < info.data.length; ) {
    const unit = readUnit(info, at);
    units.push(unit);
    at = unit.end;
  }
  return units;
}

function debugSection(elf: ElfFile, name: string): Bytes | undefined {
  const section = elf.section(`.debug_${name}`);
  if (section !== undefined) return elf.sectionBytes(section);
  const old = elf.section(`.zdebug_${name}`);
  return old === undefined ? undefined : decompressOld(elf.sectionBytes(old));
}

/** readDwarf reads the sections; undefined when the file has no debug information. */
export function readDwarf(elf: ElfFile): DwarfSections | undefined {
  const info = debugSection(elf, "info");
  const abbreviations = debugSection(elf, "abbrev");
  if (info === undefined || abbreviations === undefined) return undefined;
  const none = (name: string) => bytesOf(new Uint8Array(0), 0, `.debug_${name} (missing)`);
  const tables = new Map<number, ReadonlyMap<number, Abbreviation>>();
  return {
    info,
    strings: debugSection(elf, "str") ?? none("str"),
    lineStrings: debugSection(elf, "line_str") ?? none("line_str"),
    stringOffsets: debugSection(elf, "str_offsets") ?? none("str_offsets"),
    units: readUnits(info),
    abbreviations(unit) {
      let table = tables.get(unit.abbreviationsAt);
      if (table === undefined) {
        table = readAbbreviations(abbreviations, unit.abbreviationsAt);
        tables.set(unit.abbreviationsAt, table);
      }
      return table;
    },
  };
}
