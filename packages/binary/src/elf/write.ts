import { align } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { elfType, entrySize, sectionFlag, sectionIndex, sectionType, symbolBinding } from "./constants.js";

/** RelocationSpec asks for one REL entry against a symbol of the same ElfSpec. */
export interface RelocationSpec {
  /** offset in bytes in the section that the relocation changes. */
  readonly offset: number;
  /** type is machine-specific, e.g. bpfRelocation.R64_64. */
  readonly type: number;
  /** symbol is an index into ElfSpec.symbols, as given there (the writer reorders). */
  readonly symbol: number;
}

/** SectionSpec describes one section; the writer adds the null section and the tables by itself. */
export interface SectionSpec {
  /** name must be unique in the object. */
  readonly name: string;
  /** type is sectionType.PROGBITS when left out. */
  readonly type?: number;
  /** flags are sectionFlag bits, 0 when left out. */
  readonly flags?: number;
  readonly data: Uint8Array;
  /** size in bytes for NOBITS sections, which have no data in the file. */
  readonly size?: number;
  /** align in bytes, a power of two; 1 when left out. */
  readonly align?: number;
  /** link is another section's name (sh_link). */
  readonly link?: string;
  readonly info?: number;
  readonly entsize?: number;
  /** relocations become a section `.rel` + name. */
  readonly relocations?: readonly RelocationSpec[];
}

/** SymbolSpec describes one symbol. */
export interface SymbolSpec {
  readonly name: string;
  /** binding is symbolBinding.LOCAL, GLOBAL or WEAK. */
  readonly binding: number;
  /** type is symbolType.FUNC, OBJECT, SECTION, NOTYPE … */
  readonly type: number;
  /** section is a section's name; undefined means an undefined symbol, "*ABS*" an absolute one. */
  readonly section?: string;
  readonly value?: number;
  readonly size?: number;
  /** visibility is symbolVisibility.DEFAULT when left out. */
  readonly visibility?: number;
}

/** ElfSpec describes a relocatable object (ET_REL), 64-bit little-endian. */
export interface ElfSpec {
  /** machine is e_machine, e.g. elfMachine.BPF. */
  readonly machine: number;
  /** flags is e_flags, 0 when left out. */
  readonly flags?: number;
  readonly sections: readonly SectionSpec[];
  readonly symbols: readonly SymbolSpec[];
}

interface Laid {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly data: Uint8Array;
  readonly size: number;
  readonly align: number;
  readonly link: number;
  readonly info: number;
  readonly entsize: number;
}

interface StringTable {
  /** offset returns where text is in the table, adding it when it is new. */
  offset(text: string): number;
  bytes(): Uint8Array;
}

function stringTable(): StringTable {
  const known = new Map<string, number>([["", 0]]);
  const parts: Buffer[] = [Buffer.from([0])];
  let length = 1;
  return {
    offset(text) {
      const there = known.get(text);
      if (there !== undefined) return there;
      if (text.includes("\0"))
        throw new BinaryError("bad-spec", `writeElf: the name ${JSON.stringify(text)} contains a NUL`);
      const bytes = Buffer.from(`${text}\0`, "utf8");
      known.set(text, length);
      parts.push(bytes);
      length += bytes.length;
      return length - bytes.length;
    },
    bytes: () => Buffer.concat(parts),
  };
}

/** symbolTable lays the symbols out, locals first as the ABI demands; order[i] is the new index of symbol i. */
function symbolTable(spec: ElfSpec, sectionNumbers: ReadonlyMap<string, number>, names: StringTable) {
  const ordered = spec.symbols.map((symbol, index) => ({ symbol, index }));
  const locals = ordered.filter((row) => row.symbol.binding === symbolBinding.LOCAL);
  const others = ordered.filter((row) => row.symbol.binding !== symbolBinding.LOCAL);
  const order: number[] = new Array(spec.symbols.length).fill(0);
  const bytes = new Uint8Array((spec.symbols.length + 1) * entrySize.SYMBOL);
  const view = new DataView(bytes.buffer);
  let at: number = entrySize.SYMBOL;
  for (const { symbol, index } of [...locals, ...others]) {
    order[index] = at / entrySize.SYMBOL;
    let section: number | undefined = sectionIndex.UNDEF;
    if (symbol.section === "*ABS*") section = sectionIndex.ABS;
    else if (symbol.section !== undefined) section = sectionNumbers.get(symbol.section);
    if (section === undefined) {
      throw new BinaryError(
        "bad-spec",
        `writeElf: symbol ${symbol.name} is in section ${symbol.section}, which is not there`,
      );
    }
    checkNumber(symbol.value, `the value of ${symbol.name}`);
    checkNumber(symbol.size, `the size of ${symbol.name}`);
    view.setUint32(at, names.offset(symbol.name), true);
    view.setUint8(at + 4, (symbol.binding << 4) | (symbol.type & 0xf));
    view.setUint8(at + 5, symbol.visibility ?? 0);
    view.setUint16(at + 6, section, true);
    view.setBigUint64(at + 8, BigInt(symbol.value ?? 0), true);
    view.setBigUint64(at + 16, BigInt(symbol.size ?? 0), true);
    at += entrySize.SYMBOL;
  }
  return { bytes, order, firstGlobal: locals.length + 1 };
}

function relocationTable(
  section: SectionSpec,
  relocations: readonly RelocationSpec[],
  order: readonly number[],
) {
  const bytes = new Uint8Array(relocations.length * entrySize.REL);
  const view = new DataView(bytes.buffer);
  const sorted = [...relocations].sort((a, b) => a.offset - b.offset);
  for (const [i, relocation] of sorted.entries()) {
    const symbol = order[relocation.symbol];
    if (symbol === undefined) {
      throw new BinaryError(
        "bad-spec",
        `writeElf: a relocation of ${section.name} names symbol ${relocation.symbol} of ${order.length}`,
      );
    }
    if (relocation.offset >= section.data.length) {
      throw new BinaryError(
        "bad-spec",
        `writeElf: a relocation of ${section.name} at ${relocation.offset}, beyond its end`,
      );
    }
    view.setBigUint64(i * entrySize.REL, BigInt(relocation.offset), true);
    view.setUint32(i * entrySize.REL + 8, relocation.type, true);
    view.setUint32(i * entrySize.REL + 12, symbol, true);
  }
  return bytes;
}

/** ownNames are sections that the writer makes: a second one of the name would be found in its place. */
const ownNames: ReadonlySet<string> = new Set([".symtab", ".strtab", ".shstrtab"]);

function refuse(what: string): never {
  throw new BinaryError("bad-spec", `writeElf: ${what}`);
}

function checkNumber(value: number | undefined, what: string): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) refuse(`${what} is ${value}`);
}

/** checkSection refuses numbers that would be written as others, and alignments that are none. */
function checkSection(section: SectionSpec): void {
  const alignment = section.align ?? 1;
  if (!Number.isSafeInteger(alignment) || alignment < 1 || !Number.isInteger(Math.log2(alignment))) {
    refuse(`${section.name} is aligned to ${alignment} bytes, which is no power of two`);
  }
  if (ownNames.has(section.name)) refuse(`the section ${section.name} is made by the writer itself`);
  checkNumber(section.flags, `the flags of ${section.name}`);
  checkNumber(section.size, `the size of ${section.name}`);
  checkNumber(section.entsize, `the entry size of ${section.name}`);
  if (
    section.type !== sectionType.NOBITS &&
    section.size !== undefined &&
    section.size !== section.data.length
  ) {
    refuse(`${section.name} has ${section.data.length} bytes of data and a size of ${section.size}`);
  }
}

function numberSections(sections: readonly SectionSpec[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [i, section] of sections.entries()) {
    checkSection(section);
    if (numbers.has(section.name)) refuse(`two sections named ${section.name}`);
    numbers.set(section.name, i + 1);
  }
  for (const { name, relocations } of sections) {
    if ((relocations?.length ?? 0) > 0 && numbers.has(`.rel${name}`)) {
      refuse(`the section .rel${name} holds the relocations of ${name}, which the writer makes itself`);
    }
  }
  return numbers;
}

function layOut(spec: ElfSpec): { sections: Laid[]; namesAt: number[] } {
  const numbers = numberSections(spec.sections);
  const names = stringTable();
  const symbols = symbolTable(spec, numbers, names);
  const relocated = spec.sections.filter((section) => (section.relocations?.length ?? 0) > 0);
  const symtab = 1 + spec.sections.length + relocated.length;
  const rest = { flags: 0, link: 0, info: 0, entsize: 0, align: 1 };
  const laid: Laid[] = spec.sections.map((section) => {
    const link = section.link === undefined ? 0 : numbers.get(section.link);
    if (link === undefined)
      throw new BinaryError(
        "bad-spec",
        `writeElf: ${section.name} links to ${section.link}, which is not there`,
      );
    return {
      name: section.name,
      type: section.type ?? sectionType.PROGBITS,
      flags: section.flags ?? 0,
      data: section.type === sectionType.NOBITS ? new Uint8Array(0) : section.data,
      size: section.type === sectionType.NOBITS ? (section.size ?? section.data.length) : section.data.length,
      align: section.align ?? 1,
      link,
      info: section.info ?? 0,
      entsize: section.entsize ?? 0,
    };
  });
  for (const section of relocated) {
    const data = relocationTable(section, section.relocations ?? [], symbols.order);
    laid.push({
      name: `.rel${section.name}`,
      type: sectionType.REL,
      flags: sectionFlag.INFO_LINK,
      data,
      size: data.length,
      align: 8,
      link: symtab,
      info: numbers.get(section.name) ?? 0,
      entsize: entrySize.REL,
    });
  }
  laid.push({
    ...rest,
    name: ".symtab",
    type: sectionType.SYMTAB,
    data: symbols.bytes,
    size: symbols.bytes.length,
    align: 8,
    link: symtab + 1,
    info: symbols.firstGlobal,
    entsize: entrySize.SYMBOL,
  });
  // Symbol and section names live in separate tables: every reader handles that, and neither depends on the other's order.
  const strings = names.bytes();
  laid.push({ ...rest, name: ".strtab", type: sectionType.STRTAB, data: strings, size: strings.length });
  const sectionNames = stringTable();
  const namesAt = [...laid.map((section) => section.name), ".shstrtab"].map((name) =>
    sectionNames.offset(name),
  );
  const data = sectionNames.bytes();
  laid.push({ ...rest, name: ".shstrtab", type: sectionType.STRTAB, data, size: data.length });
  return { sections: laid, namesAt };
}

/**
 * writeElf returns the bytes of a relocatable object. The same spec gives the same bytes. `.symtab`, `.strtab`,
 * `.shstrtab` and the `.rel*` sections are made here; a spec that contradicts itself is a BinaryError "bad-spec".
 */
export function writeElf(spec: ElfSpec): Uint8Array {
  const { sections, namesAt } = layOut(spec);
  if (sections.length >= sectionIndex.LORESERVE) {
    throw new BinaryError(
      "bad-spec",
      `writeElf: ${sections.length} sections, at most ${sectionIndex.LORESERVE - 1} are possible`,
    );
  }
  let at: number = entrySize.HEADER;
  const offsets = sections.map((section) => {
    at = align(at, section.align);
    const offset = at;
    at += section.data.length;
    return offset;
  });
  const headersAt = align(at, 8);
  const out = new Uint8Array(headersAt + (sections.length + 1) * entrySize.SECTION);
  const view = new DataView(out.buffer);
  // e_ident: magic, class 64, little-endian, version 1, System V.
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, elfType.REL, true);
  view.setUint16(18, spec.machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(headersAt), true);
  view.setUint32(48, spec.flags ?? 0, true);
  view.setUint16(52, entrySize.HEADER, true);
  view.setUint16(58, entrySize.SECTION, true);
  view.setUint16(60, sections.length + 1, true);
  view.setUint16(62, sections.length, true);
  for (const [i, section] of sections.entries()) {
    const offset = offsets[i] ?? 0;
    out.set(section.data, offset);
    const header = headersAt + (i + 1) * entrySize.SECTION;
    view.setUint32(header, namesAt[i] ?? 0, true);
    view.setUint32(header + 4, section.type, true);
    view.setBigUint64(header + 8, BigInt(section.flags), true);
    view.setBigUint64(header + 24, BigInt(offset), true);
    view.setBigUint64(header + 32, BigInt(section.size), true);
    view.setUint32(header + 40, section.link, true);
    view.setUint32(header + 44, section.info, true);
    view.setBigUint64(header + 48, BigInt(section.align), true);
    view.setBigUint64(header + 56, BigInt(section.entsize), true);
  }
  return out;
}
