import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Bytes, need, u16, u32 } from "../bytes/view.js";
import { type ElfFile, openElf, readElf } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { attribute } from "./constants.js";
import { openDebugFile } from "./debug-file.js";
import { splitName } from "./debug-unit.js";
import { signatureOf } from "./die.js";
import { debugSection } from "./lazy-section.js";
import type { Contribution, DebugUnit } from "./model.js";
import { openUnits, type UnitSet } from "./unit-set.js";

/** SplitUnits finds the units whose entries were put into .dwo files, or all into one .dwp file. */
export interface SplitUnits {
  /** of returns the split unit of a skeleton; undefined when it is no skeleton or its file is not there or not its own. */
  of(unit: DebugUnit): DebugUnit | undefined;
  close(): void;
}

/** largestSplit bounds a .dwo file that is read into memory; heldSplits how many are held. */
const largestSplit = 0x1000_0000;
const heldSplits = 64;

/** sectionId is DW_SECT_*: DWARF 5, section 7.3.5.3, and the numbers GCC used before. */
const sectionId = { INFO: 1, ABBREV: 3, LINE: 4, LOCATIONS: 5, STR_OFFSETS: 6, RANGE_LISTS: 8 } as const;

interface PackageRow {
  readonly info: number;
  readonly contribution: Contribution;
}

/** readPackageIndex reads .debug_cu_index: a hash table of signatures, then a row of offsets for each unit. */
function readPackageIndex(bytes: Bytes): Map<bigint, PackageRow> {
  const rows = new Map<bigint, PackageRow>();
  if (bytes.data.length < 16) return rows;
  // DWARF 5 has the version in 16 bits with 16 of padding; GCC's earlier form in 32.
  const version = u16(bytes, 0);
  if (version !== 2 && version !== 5) {
    throw new BinaryError("unsupported-dwarf", `${bytes.what}: an index of version ${version}`, {
      offset: bytes.base,
    });
  }
  const columns = u32(bytes, 4);
  const units = u32(bytes, 8);
  const slots = u32(bytes, 12);
  const numbersAt = 16 + slots * 8;
  const tableAt = numbersAt + slots * 4;
  const ids: number[] = [];
  if (columns > 16) {
    throw new BinaryError("malformed", `${bytes.what}: ${columns} columns`, { offset: bytes.base + 4 });
  }
  for (let i = 0; i < columns; i++) ids.push(u32(bytes, tableAt + i * 4));
  for (let slot = 0; slot < slots; slot++) {
    const number = u32(bytes, numbersAt + slot * 4);
    if (number === 0 || number > units) continue;
    const at = (id: number): number => {
      const column = ids.indexOf(id);
      return column < 0 ? 0 : u32(bytes, tableAt + (number * columns + column) * 4);
    };
    need(bytes, 16 + slot * 8, 8);
    rows.set(bytes.view.getBigUint64(16 + slot * 8, true), {
      info: at(sectionId.INFO),
      contribution: {
        abbreviations: at(sectionId.ABBREV),
        line: at(sectionId.LINE),
        locations: at(sectionId.LOCATIONS),
        stringOffsets: at(sectionId.STR_OFFSETS),
        rangeLists: at(sectionId.RANGE_LISTS),
      },
    });
  }
  return rows;
}

interface Package {
  of(id: bigint, skeleton: DebugUnit): DebugUnit | undefined;
  close(): void;
}

function openPackage(path: string): Package | undefined {
  if (!existsSync(path)) return undefined;
  const elf = openElf(path);
  const rows = readPackageIndex(debugSection(elf, "cu_index").whole());
  const skeletons = new Map<number, DebugUnit>();
  const contributions = new Map<number, Contribution>();
  for (const row of rows.values()) contributions.set(row.info, row.contribution);
  const units = openUnits(openDebugFile(elf, true), {
    skeleton: (header) => skeletons.get(header.start),
    contribution: (header) => contributions.get(header.start),
  });
  return {
    of(id, skeleton) {
      const row = rows.get(id);
      if (row === undefined) return undefined;
      skeletons.set(row.info, skeleton);
      const index = units.indexAt(row.info + longestHeader);
      return index < 0 ? undefined : units.unit(index);
    },
    close: () => elf.close(),
  };
}

/** longestHeader moves an offset from a unit's header to its entries: any place in the unit finds it. */
const longestHeader = 24;

function openSplit(path: string, skeleton: DebugUnit): UnitSet | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > largestSplit) return undefined;
  const elf = readElf(readFileSync(path), path);
  return openUnits(openDebugFile(elf, true), { skeleton: () => skeleton, contribution: () => undefined });
}

function isOf(unit: DebugUnit, id: bigint | undefined): boolean {
  if (id === undefined) return true;
  const root = unit.root();
  const own =
    unit.header.splitId ?? (root === undefined ? undefined : signatureOf(root, attribute.GNU_DWO_ID));
  return own === id;
}

/** openSplitUnits looks for split files beside the program and where the compiler left them. */
export function openSplitUnits(elf: ElfFile): SplitUnits {
  const found = new Map<number, DebugUnit | undefined>();
  let pack: Package | undefined;
  let packKnown = false;

  const fromFile = (unit: DebugUnit): DebugUnit | undefined => {
    const split = splitName(unit);
    if (split === undefined) return undefined;
    if (!packKnown) pack = openPackage(`${elf.source.name}.dwp`);
    packKnown = true;
    const packed = split.id === undefined ? undefined : pack?.of(split.id, unit);
    if (packed !== undefined) return packed;
    const beside = dirname(elf.source.name);
    const places = split.name.startsWith("/")
      ? [split.name]
      : [join(split.folder, split.name), join(beside, split.name)];
    for (const place of places) {
      const units = openSplit(place, unit);
      for (let index = 0; index < (units?.count ?? 0); index++) {
        const candidate = units?.unit(index);
        if (candidate !== undefined && isOf(candidate, split.id)) return candidate;
      }
    }
    return undefined;
  };

  return {
    of(unit) {
      const key = unit.header.start;
      if (found.has(key)) return found.get(key);
      const split = fromFile(unit);
      const oldest = found.keys().next();
      if (found.size >= heldSplits && !oldest.done) found.delete(oldest.value);
      found.set(key, split);
      return split;
    },
    close: () => pack?.close(),
  };
}
