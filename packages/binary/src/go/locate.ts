import { type Bytes, bytesOf, find, sub, u64OrInfinity } from "../bytes/view.js";
import { sectionFlag, sectionType, segmentFlag, segmentType } from "../elf/constants.js";
import type { ElfFile } from "../elf/read.js";
import { entryOf, looksLikePcln, nameMatches, nameOffsets, type PclnTable, pclnMagics } from "./pclntab.js";

/** LocatedTable is where the function table lies: its bytes and its virtual address. */
export interface LocatedTable {
  readonly bytes: Bytes;
  readonly address: number;
}

// Names the linker gives the section: plain, and position-independent up to Go 1.25.
const sectionNames = [".gopclntab", ".data.rel.ro.gopclntab"];
/** goSections are in every Go program that has section headers. */
const goSections = [".go.buildinfo", ".note.go.buildid"];

/** locateTable finds the function table by its section, else by searching the loaded segments for its header. */
export function locateTable(elf: ElfFile): LocatedTable | undefined {
  for (const name of sectionNames) {
    const section = elf.section(name);
    if (section === undefined || section.type === sectionType.NOBITS) continue;
    return { bytes: elf.sectionBytes(section), address: section.address };
  }
  // An external linker may have merged the section into another; a stripper may have removed the section headers.
  // Other programs are not searched: 0.3 s for a C++ one of 100 MB.
  if (elf.sections.length > 0 && !goSections.some((name) => elf.section(name) !== undefined))
    return undefined;
  for (const segment of elf.segments) {
    if (segment.type !== segmentType.LOAD || (segment.flags & segmentFlag.EXEC) !== 0) continue;
    const bytes = bytesOf(elf.source.read(segment.offset, segment.fileSize), segment.offset, "segment");
    const at = searchHeader(bytes);
    if (at >= 0)
      return {
        bytes: sub(bytes, at, bytes.data.length - at, "Go function table"),
        address: segment.address + at,
      };
  }
  return undefined;
}

function searchHeader(bytes: Bytes): number {
  for (const magic of pclnMagics) {
    for (const quantum of [1, 4]) {
      // Eight fixed bytes: magic, two zeros, instruction quantum, pointer size.
      const header = Buffer.alloc(8);
      header.writeUInt32LE(magic);
      header.set([0, 0, quantum, 8], 4);
      for (let at = find(bytes.data, header); at >= 0; at = find(bytes.data, header, at + 8)) {
        if (at % 8 === 0 && looksLikePcln(bytes, at)) return at;
      }
    }
  }
  return -1;
}

// src/runtime/symtab.go, moduledata: the fields' offsets are the same from Go 1.16 to 1.27.
const moduleField = { minpc: 160, maxpc: 168, text: 176, size: 192 } as const;

/** textFromModule returns moduledata.text when the bytes at offset are a moduledata: its three addresses must fit the table. */
function textFromModule(bytes: Bytes, at: number, table: PclnTable): number | undefined {
  if (at < 0 || at + moduleField.size > bytes.data.length) return undefined;
  const text = u64OrInfinity(bytes, at + moduleField.text);
  const base = table.absolute ? 0 : text;
  const fits =
    u64OrInfinity(bytes, at + moduleField.minpc) === base + entryOf(table, 0) &&
    u64OrInfinity(bytes, at + moduleField.maxpc) === base + entryOf(table, table.count);
  return fits ? text : undefined;
}

/** writable yields the pieces of the file that can hold runtime.firstmoduledata. */
function* writable(elf: ElfFile): Generator<{ bytes: Bytes; address: number }> {
  // Since Go 1.26 it has a section to itself: nothing else needs to be read then.
  const own = elf.section(".go.module");
  if (own !== undefined) yield { bytes: elf.sectionBytes(own), address: own.address };
  for (const segment of elf.segments) {
    if (segment.type !== segmentType.LOAD || (segment.flags & segmentFlag.WRITE) === 0) continue;
    yield {
      bytes: bytesOf(elf.source.read(segment.offset, segment.fileSize), segment.offset, "data"),
      address: segment.address,
    };
  }
}

function searchModule(elf: ElfFile, tableAddress: number, table: PclnTable): number | undefined {
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(BigInt(tableAddress));
  for (const { bytes } of writable(elf)) {
    for (let at = find(bytes.data, pointer); at >= 0; at = find(bytes.data, pointer, at + 8)) {
      const text = textFromModule(bytes, at, table);
      if (text !== undefined) return text;
    }
  }
  return undefined;
}

/**
 * searchRelocated does the same for files of an external linker, whose pointers are zero in the file and stand in
 * RELA entries (offset, type, addend) instead.
 */
function searchRelocated(elf: ElfFile, tableAddress: number, table: PclnTable): number | undefined {
  const minpc = entryOf(table, 0);
  for (const section of elf.sections) {
    if (section.type !== sectionType.RELA || (section.flags & sectionFlag.ALLOC) === 0) continue;
    const bytes = elf.sectionBytes(section);
    const modules = new Map<number, number>();
    for (let at = 0; at + 24 <= bytes.data.length; at += 24) {
      if (u64OrInfinity(bytes, at + 16) === tableAddress) modules.set(u64OrInfinity(bytes, at), Number.NaN);
    }
    for (let at = 0; at + 24 <= bytes.data.length; at += 24) {
      const module = u64OrInfinity(bytes, at) - moduleField.text;
      if (modules.has(module)) modules.set(module, u64OrInfinity(bytes, at + 16));
    }
    for (let at = 0; at + 24 <= bytes.data.length; at += 24) {
      const text = modules.get(u64OrInfinity(bytes, at) - moduleField.minpc);
      if (text !== undefined && u64OrInfinity(bytes, at + 16) === text + minpc) return text;
    }
  }
  return undefined;
}

/** textFromEntry uses that an internally linked program starts in a function of the table, _rt0_GOARCH_linux. */
function textFromEntry(elf: ElfFile, table: PclnTable): number | undefined {
  for (const arch of ["amd64", "arm64"]) {
    const [name] = nameMatches(table, `_rt0_${arch}_linux`);
    const index = name === undefined ? -1 : nameOffsets(table).indexOf(name);
    if (index >= 0) return elf.entry - entryOf(table, index);
  }
  return undefined;
}

/**
 * textStart returns the address the table's offsets count from: 0 when they are addresses (Go 1.16). The header has it up
 * to Go 1.25, but 0 in position-independent files; then the symbol, the module data, the entry point and last the
 * section tell.
 */
export function textStart(elf: ElfFile, located: LocatedTable, table: PclnTable): number | undefined {
  if (table.absolute) return 0;
  if (table.headerText !== 0 && Number.isFinite(table.headerText)) return table.headerText;
  return (
    searchModule(elf, located.address, table) ??
    elf.symbols()?.find("runtime.text")?.value ??
    searchRelocated(elf, located.address, table) ??
    textFromEntry(elf, table) ??
    elf.section(".text")?.address
  );
}
