import { type ByteSource, fileSource, memorySource } from "../bytes/source.js";
import { type Bytes, bytesOf, cString, u16, u32, u64 } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { decompress } from "./compressed.js";
import { entrySize, sectionFlag, sectionIndex, sectionType, segmentType } from "./constants.js";
import { type ElfNote, notesOf } from "./notes.js";
import { type SymbolTable, symbolTableOf } from "./symbols.js";

/** ElfSection is one section header. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  /** flags are sectionFlag bits. */
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  /** size in bytes; of the compressed form when the section is compressed. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entsize: number;
}

/** ElfSegment is one program header. */
export interface ElfSegment {
  readonly type: number;
  /** flags are segmentFlag bits. */
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

/** Relocation is one REL or RELA entry; addend is undefined for REL. */
export interface Relocation {
  readonly offset: number;
  readonly type: number;
  readonly symbol: number;
  readonly addend: bigint | undefined;
}

/** ElfFile is an ELF file whose headers were read; all else is read when asked for. It owns its ByteSource. */
export interface ElfFile {
  readonly source: ByteSource;
  /** type is an elfType value. */
  readonly type: number;
  /** machine is an elfMachine value. */
  readonly machine: number;
  readonly flags: number;
  readonly entry: number;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  /** section returns the first section of this name. */
  section(name: string): ElfSection | undefined;
  /** data returns a section's bytes, decompressed when the file says so; a NOBITS section has none. */
  data(section: ElfSection): Uint8Array;
  /** sectionBytes is data with what error messages need. */
  sectionBytes(section: ElfSection): Bytes;
  /** symbols is .symtab, undefined when the file is stripped. */
  symbols(): SymbolTable | undefined;
  /** dynamicSymbols is .dynsym. */
  dynamicSymbols(): SymbolTable | undefined;
  /** relocations reads a REL or RELA section. */
  relocations(section: ElfSection): Relocation[];
  notes(): readonly ElfNote[];
  /** gnuBuildId is the NT_GNU_BUILD_ID note as lower-case hex. */
  gnuBuildId(): string | undefined;
  /** goBuildId is Go's own build id, four parts with slashes. */
  goBuildId(): string | undefined;
  /** addressToOffset maps a virtual address to the file offset that uprobes want; undefined when no segment holds it. */
  addressToOffset(address: number): number | undefined;
  /** offsetToAddress is the inverse of addressToOffset. */
  offsetToAddress(offset: number): number | undefined;
  /** readAddress reads length bytes at a virtual address; zero-filled memory (.bss) is not in the file and throws. */
  readAddress(address: number, length: number): Bytes;
  close(): void;
  [Symbol.dispose](): void;
}

interface Counts {
  readonly sections: number;
  readonly segments: number;
  readonly names: number;
}

function range(source: ByteSource, offset: number, length: number, what: string): Bytes {
  return bytesOf(source.read(offset, length), offset, what);
}

function checkIdent(source: ByteSource): Bytes {
  const hint = "only 64-bit little-endian ELF files are read";
  const ident = range(source, 0, Math.min(entrySize.HEADER, source.size), "ELF header");
  if (ident.data.length < 7 || u32(ident, 0) !== 0x464c_457f) {
    throw new BinaryError("not-elf", `${source.name} is not an ELF file`, { offset: 0 });
  }
  if (ident.data[4] !== 2)
    throw new BinaryError("unsupported-elf", `${source.name} is a 32-bit file`, { offset: 4, hint });
  if (ident.data[5] !== 1)
    throw new BinaryError("unsupported-elf", `${source.name} is big-endian`, { offset: 5, hint });
  if (ident.data[6] !== 1)
    throw new BinaryError("unsupported-elf", `${source.name} is of ELF version ${ident.data[6]}`, {
      offset: 6,
    });
  return ident;
}

/** counts follows the escapes of gabi for more than 65,279 sections or 65,534 segments: section 0 has the true numbers. */
function counts(source: ByteSource, header: Bytes, sectionsAt: number): Counts {
  const plain = { sections: u16(header, 60), segments: u16(header, 56), names: u16(header, 62) };
  const escaped = plain.segments === 0xffff || plain.names === sectionIndex.XINDEX || plain.sections === 0;
  if (sectionsAt === 0) return { ...plain, sections: 0 };
  if (!escaped) return plain;
  const first = range(source, sectionsAt, entrySize.SECTION, "section header 0");
  return {
    sections: plain.sections === 0 ? u64(first, 32) : plain.sections,
    segments: plain.segments === 0xffff ? u32(first, 44) : plain.segments,
    names: plain.names === sectionIndex.XINDEX ? u32(first, 40) : plain.names,
  };
}

function readSections(source: ByteSource, at: number, count: number, namesIndex: number): ElfSection[] {
  if (count === 0) return [];
  const headers = range(source, at, count * entrySize.SECTION, "section headers");
  const offset = (index: number) => u64(headers, index * entrySize.SECTION + 24);
  const size = (index: number) => u64(headers, index * entrySize.SECTION + 32);
  if (namesIndex >= count) {
    throw new BinaryError("malformed", `section names are in section ${namesIndex} of ${count}`, {
      offset: 62,
    });
  }
  const names =
    namesIndex === 0 ? undefined : range(source, offset(namesIndex), size(namesIndex), "section names");
  const sections: ElfSection[] = [];
  for (let index = 0; index < count; index++) {
    const base = index * entrySize.SECTION;
    const name = u32(headers, base);
    sections.push({
      index,
      name: names === undefined || (name === 0 && index === 0) ? "" : cString(names, name),
      type: u32(headers, base + 4),
      flags: u64(headers, base + 8),
      address: u64(headers, base + 16),
      offset: offset(index),
      size: size(index),
      link: u32(headers, base + 40),
      info: u32(headers, base + 44),
      align: u64(headers, base + 48),
      entsize: u64(headers, base + 56),
    });
  }
  return sections;
}

function readSegments(source: ByteSource, at: number, count: number): ElfSegment[] {
  if (count === 0 || at === 0) return [];
  const headers = range(source, at, count * entrySize.SEGMENT, "program headers");
  const segments: ElfSegment[] = [];
  for (let base = 0; base < headers.data.length; base += entrySize.SEGMENT) {
    segments.push({
      type: u32(headers, base),
      flags: u32(headers, base + 4),
      offset: u64(headers, base + 8),
      address: u64(headers, base + 16),
      fileSize: u64(headers, base + 32),
      memorySize: u64(headers, base + 40),
    });
  }
  return segments;
}

function readRelocations(bytes: Bytes, type: number): Relocation[] {
  const width = type === sectionType.RELA ? entrySize.RELA : entrySize.REL;
  const out: Relocation[] = [];
  for (let at = 0; at + width <= bytes.data.length; at += width) {
    out.push({
      offset: u64(bytes, at),
      type: u32(bytes, at + 8),
      symbol: u32(bytes, at + 12),
      addend: type === sectionType.RELA ? bytes.view.getBigInt64(at + 16, true) : undefined,
    });
  }
  return out;
}

function elfOf(source: ByteSource): ElfFile {
  checkIdent(source);
  const header = range(source, 0, entrySize.HEADER, "ELF header");
  const sectionsAt = u64(header, 40);
  const count = counts(source, header, sectionsAt);
  if (count.sections > 0 && u16(header, 58) !== entrySize.SECTION) {
    throw new BinaryError("malformed", `section headers of ${u16(header, 58)} bytes`, { offset: 58 });
  }
  const sections = readSections(source, sectionsAt, count.sections, count.names);
  const segments = readSegments(source, u64(header, 32), count.segments);
  const loads = segments.filter((segment) => segment.type === segmentType.LOAD);
  let notes: ElfNote[] | undefined;

  const self: ElfFile = {
    source,
    type: u16(header, 16),
    machine: u16(header, 18),
    flags: u32(header, 48),
    entry: u64(header, 24),
    sections,
    segments,
    section: (name) => sections.find((section) => section.name === name),
    data: (section) => self.sectionBytes(section).data,
    sectionBytes(section) {
      const what = section.name === "" ? `section ${section.index}` : section.name;
      if (section.type === sectionType.NOBITS) return bytesOf(new Uint8Array(0), section.offset, what);
      const raw = range(source, section.offset, section.size, what);
      // sh_flags can exceed 32 bits, so the bit is taken without the bitwise operators.
      return Math.floor(section.flags / sectionFlag.COMPRESSED) % 2 === 1 ? decompress(raw) : raw;
    },
    symbols: () => tableOf(sectionType.SYMTAB),
    dynamicSymbols: () => tableOf(sectionType.DYNSYM),
    relocations: (section) => readRelocations(self.sectionBytes(section), section.type),
    notes() {
      notes ??= readNotes();
      return notes;
    },
    gnuBuildId() {
      const note = self.notes().find((row) => row.name === "GNU" && row.type === 3);
      return note === undefined ? undefined : Buffer.from(note.description).toString("hex");
    },
    goBuildId() {
      const note = self.notes().find((row) => row.name === "Go" && row.type === 4);
      return note === undefined ? undefined : Buffer.from(note.description).toString("latin1");
    },
    addressToOffset(address) {
      const load = loads.find((row) => address >= row.address && address - row.address < row.fileSize);
      return load === undefined ? undefined : load.offset + (address - load.address);
    },
    offsetToAddress(offset) {
      const load = loads.find((row) => offset >= row.offset && offset - row.offset < row.fileSize);
      return load === undefined ? undefined : load.address + (offset - load.offset);
    },
    readAddress(address, length) {
      const load = loads.find(
        (row) => address >= row.address && address - row.address + length <= row.fileSize,
      );
      if (load === undefined) {
        throw new BinaryError(
          "truncated",
          `no segment of ${source.name} holds ${length} bytes at address 0x${address.toString(16)}`,
        );
      }
      return range(source, load.offset + (address - load.address), length, "segment");
    },
    close: () => source.close(),
    [Symbol.dispose]: () => source.close(),
  };

  function tableOf(type: number): SymbolTable | undefined {
    const section = sections.find((row) => row.type === type);
    if (section === undefined) return undefined;
    const strings = sections[section.link];
    if (strings === undefined) {
      throw new BinaryError(
        "malformed",
        `${section.name}: its names are in section ${section.link} of ${sections.length}`,
      );
    }
    return symbolTableOf(self.sectionBytes(section), self.sectionBytes(strings));
  }

  function readNotes(): ElfNote[] {
    const inSections = sections.filter((section) => section.type === sectionType.NOTE);
    if (inSections.length > 0) return inSections.flatMap((section) => notesOf(self.sectionBytes(section)));
    const inSegments = segments.filter((segment) => segment.type === segmentType.NOTE);
    return inSegments.flatMap((row) => notesOf(range(source, row.offset, row.fileSize, "note segment")));
  }

  return self;
}

/** readElf reads the headers of an ELF file held in memory. Throws BinaryError; never reads beyond the bytes. */
export function readElf(bytes: Uint8Array, name = "bytes"): ElfFile {
  return elfOf(memorySource(bytes, name));
}

/** openElf reads the headers of the file at path and keeps it open; the rest is read by range. The caller closes it. */
export function openElf(path: string): ElfFile {
  const source = fileSource(path);
  try {
    return elfOf(source);
  } catch (error) {
    source.close();
    throw error;
  }
}
