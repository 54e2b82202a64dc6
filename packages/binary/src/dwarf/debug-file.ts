import type { Bytes } from "../bytes/view.js";
import type { ElfFile } from "../elf/read.js";
import { debugSection, type LazySection } from "./lazy-section.js";
import { readShapes, type ShapeTable } from "./shapes.js";
import { longestUnitHeader, readUnitHeader, type Unit } from "./unit-header.js";

/** DebugFile is the debug sections of one ELF file, each read when first used. Split files have the `.dwo` ones. */
export interface DebugFile {
  readonly elf: ElfFile;
  readonly isSplit: boolean;
  readonly info: LazySection;
  readonly line: LazySection;
  readonly lineStrings: LazySection;
  readonly strings: LazySection;
  readonly stringOffsets: LazySection;
  readonly addresses: LazySection;
  readonly ranges: LazySection;
  readonly rangeLists: LazySection;
  readonly locations: LazySection;
  readonly locationLists: LazySection;
  /** headers of all units, in the section's order. */
  headers(): readonly Unit[];
  /** unitBytes returns a unit with its header, from a bounded cache. */
  unitBytes(unit: Unit): Bytes;
  /** shapes returns the abbreviations at an offset of .debug_abbrev, for units with the sizes of unit. */
  shapes(unit: Unit, at: number): ShapeTable;
}

/** heldBytes bounds the units held at once; a unit larger than it is held alone. */
const heldBytes = 0x400_0000;

/** heldTables bounds the abbreviation tables held at once. */
const heldTables = 512;

function readHeaders(info: LazySection): Unit[] {
  const units: Unit[] = [];
  const size = info.size();
  for (let start = 0; start < size; ) {
    const unit = readUnitHeader(info.piece(start, Math.min(longestUnitHeader, size - start)), 0, start, size);
    units.push(unit);
    start = unit.end;
  }
  return units;
}

/** openDebugFile names the sections; nothing is read yet. split asks for those of a `.dwo` or `.dwp` file. */
export function openDebugFile(elf: ElfFile, split = false): DebugFile {
  const named = (name: string) => debugSection(elf, split ? `${name}.dwo` : name);
  const info = named("info");
  const abbreviations = named("abbrev");
  const tables = new Map<string, ShapeTable>();
  const held = new Map<number, Bytes>();
  let heldSize = 0;
  let headers: readonly Unit[] | undefined;
  return {
    elf,
    isSplit: split,
    info,
    line: named("line"),
    lineStrings: debugSection(elf, "line_str"),
    strings: named("str"),
    stringOffsets: named("str_offsets"),
    addresses: debugSection(elf, "addr"),
    ranges: debugSection(elf, "ranges"),
    rangeLists: named("rnglists"),
    locations: named("loc"),
    locationLists: named("loclists"),
    headers() {
      headers ??= readHeaders(info);
      return headers;
    },
    unitBytes(unit) {
      const there = held.get(unit.start);
      if (there !== undefined) return there;
      const bytes = info.piece(unit.start, unit.end - unit.start);
      heldSize += bytes.data.length;
      for (const [start, old] of held) {
        if (heldSize <= heldBytes) break;
        held.delete(start);
        heldSize -= old.data.length;
      }
      held.set(unit.start, bytes);
      return bytes;
    },
    shapes(unit, at) {
      const key = `${at}:${unit.offsetSize}:${unit.addressSize}:${unit.version}`;
      let table = tables.get(key);
      if (table === undefined) {
        if (tables.size >= heldTables) tables.clear();
        table = readShapes(abbreviations, at, unit);
        tables.set(key, table);
      }
      return table;
    },
  };
}
