import {
  BinaryError,
  type ElfFile,
  type ElfSection,
  type ElfSymbol,
  elfMachine,
  type Relocation,
  readElf,
  sectionFlag,
  sectionType,
} from "@go3s/binary";
import { BpfError } from "../errors.js";

/** Names of all symbols together; objects of a whole network stack have some hundred kilobytes. */
const MAX_NAME_BYTES = 64 << 20;

/** ObjectFile is an ELF object with its symbols and relocations in the order they are looked for. */
export interface ObjectFile {
  readonly elf: ElfFile;
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** Those with a name that stand in a section, by its index. */
  symbolsIn(section: number): readonly ElfSymbol[];
  /** Relocations of a section, by its index, sorted by offset. */
  readonly relocations: ReadonlyMap<number, readonly Relocation[]>;
  data(section: ElfSection): Uint8Array;
}

/** isCode tells whether a section holds instructions. */
export function isCode(section: ElfSection): boolean {
  const isExecutable = Math.floor(section.flags / sectionFlag.EXECINSTR) % 2 === 1;
  return isExecutable && section.type === sectionType.PROGBITS && section.size > 0;
}

/** isData tells whether a section's bytes become a map. */
export function isData(section: ElfSection): boolean {
  return /^\.(data|rodata|bss)(\.|$)/.test(section.name) && section.size > 0;
}

/** isMaps tells whether a section defines maps: with BTF, or as structs in the way of before. */
export function isMaps(section: ElfSection): boolean {
  return section.name === ".maps" || isLegacyMaps(section);
}

/** isLegacyMaps tells whether a section defines maps as structs. Some loaders wanted a section for each map. */
export function isLegacyMaps(section: ElfSection): boolean {
  return section.name === "maps" || section.name.startsWith("maps/");
}

/** isStructOps tells whether a section holds tables of functions for the kernel. */
export function isStructOps(section: ElfSection): boolean {
  return /^\??\.struct_ops(\.link)?$/.test(section.name) && section.size > 0;
}

/** guardObject makes errors of the ELF reader errors of the object. */
export function guardObject<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof BinaryError)) throw cause;
    throw new BpfError("bad-object", `broken object file: ${cause.message}`, { cause, offset: cause.offset });
  }
}

/** openObject reads the tables of an object file. Throws BpfError `bad-object`. */
export function openObject(bytes: Uint8Array): ObjectFile {
  return guardObject(() => {
    const elf = readElf(bytes, "object");
    if (elf.machine !== elfMachine.BPF && elf.machine !== 0) {
      throw new BpfError("bad-object", `the file is for machine ${elf.machine}, not for BPF`, { offset: 18 });
    }
    const table = elf.symbols();
    const symbols: ElfSymbol[] = [];
    let names = 0;
    for (let i = 0; table !== undefined && i < table.count; i++) {
      const symbol = table.at(i);
      symbols.push(symbol);
      // Names may overlap, so that a small file could hold endless ones.
      names += symbol.name.length;
      if (names > MAX_NAME_BYTES)
        throw new BpfError("bad-object", "the symbols' names are too long", { offset: i });
    }
    const bySection = new Map<number, ElfSymbol[]>();
    for (const symbol of symbols) {
      if (symbol.name === "") continue;
      const list = bySection.get(symbol.section);
      if (list === undefined) bySection.set(symbol.section, [symbol]);
      else list.push(symbol);
    }
    const relocations = new Map<number, Relocation[]>();
    for (const section of elf.sections) {
      if (section.type !== sectionType.REL && section.type !== sectionType.RELA) continue;
      const target = elf.sections[section.info];
      // Debug information is relocated too, and is most of an object: it is not looked at.
      if (target === undefined) continue;
      if (!(isCode(target) || target.name === ".maps" || isStructOps(target))) continue;
      const rows = elf.relocations(section);
      const list = relocations.get(section.info);
      if (list === undefined) relocations.set(section.info, rows);
      else for (const row of rows) list.push(row);
    }
    for (const list of relocations.values()) list.sort((a, b) => a.offset - b.offset);
    return {
      elf,
      sections: elf.sections,
      symbols,
      symbolsIn: (section) => bySection.get(section) ?? [],
      relocations,
      data: (section) => elf.data(section),
    };
  });
}
