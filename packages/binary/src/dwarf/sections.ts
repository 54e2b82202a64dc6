import { type Bytes, bytesOf } from "../bytes/view.js";
import type { ElfFile } from "../elf/read.js";
import { type Abbreviation, readAbbreviations } from "./abbreviations.js";
import { debugSection } from "./lazy-section.js";
import { readUnitHeader, type Unit } from "./unit-header.js";

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

function readUnits(info: Bytes): Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < info.data.length; ) {
    const unit = readUnitHeader(info, at, at, info.data.length);
    units.push(unit);
    at = unit.end;
  }
  return units;
}

function section(elf: ElfFile, name: string): Bytes | undefined {
  const there = elf.section(`.debug_${name}`) ?? elf.section(`.zdebug_${name}`);
  return there === undefined ? undefined : debugSection(elf, name).whole();
}

/** readDwarf reads the sections; undefined when the file has no debug information. */
export function readDwarf(elf: ElfFile): DwarfSections | undefined {
  const info = section(elf, "info");
  const abbreviations = section(elf, "abbrev");
  if (info === undefined || abbreviations === undefined) return undefined;
  const none = (name: string) => bytesOf(new Uint8Array(0), 0, `.debug_${name} (missing)`);
  const tables = new Map<number, ReadonlyMap<number, Abbreviation>>();
  return {
    info,
    strings: section(elf, "str") ?? none("str"),
    lineStrings: section(elf, "line_str") ?? none("line_str"),
    stringOffsets: section(elf, "str_offsets") ?? none("str_offsets"),
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
