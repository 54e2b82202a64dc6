import { type Bytes, bytesOf, cString } from "../bytes/view.js";
import {
  elfMachine,
  entrySize,
  sectionFlag,
  sectionIndex,
  sectionType,
  symbolBinding,
  symbolType,
} from "../elf/constants.js";
import type { ElfFile, ElfSection } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { readGoFunctions } from "../go/functions.js";
import { collectSymbols, type Names, type SymbolCollector, type SymbolMap } from "./symbol-map.js";

/** ElfSymbolOptions says which symbols are wanted. */
export interface ElfSymbolOptions {
  /** data takes variables too; functions alone when left out. */
  readonly data?: boolean;
}

/** chunkSymbols are read at once: a million symbols are 24 MB that need not be held together. */
const chunkSymbols = 32_768;

/** nameBytes is read for a name at first; longer ones take a second read, up to longestName. */
const nameBytes = 256;
const longestName = 65_536;

/** GNU's indirect functions (STT_GNU_IFUNC), which the loader resolves: memcpy and its like. */
const indirectFunction = 10;

/**
 * fileNames reads names from the file when they are shown: a C++ program's names take more memory than all else, and few
 * of them are ever asked for. A read is 2 us, from the page cache.
 */
function fileNames(elf: ElfFile, strings: ElfSection): Names {
  const packed = Math.floor(strings.flags / sectionFlag.COMPRESSED) % 2 === 1;
  const whole = packed ? elf.sectionBytes(strings) : undefined;
  const piece = (offset: number, length: number): Bytes => {
    const wanted = Math.min(length, strings.size - offset);
    return bytesOf(elf.source.read(strings.offset + offset, wanted), strings.offset + offset, strings.name);
  };
  return {
    heldBytes: whole === undefined ? 0 : whole.data.length,
    name(offset) {
      if (whole !== undefined) return cString(whole, offset);
      if (offset >= strings.size) {
        throw new BinaryError("malformed", `${strings.name}: a name at ${offset}, beyond its end`, {
          offset: strings.offset,
        });
      }
      const head = piece(offset, nameBytes);
      return head.data.includes(0) ? cString(head, 0) : cString(piece(offset, longestName), 0);
    },
  };
}

/**
 * rankOf orders symbols of one address as people expect them: with a size before without, functions before others,
 * global before weak before local. The first in the file wins a tie.
 */
function rankOf(size: number, type: number, binding: number): number {
  const byBinding = binding === symbolBinding.GLOBAL ? 2 : binding === symbolBinding.WEAK ? 1 : 0;
  const isFunction = type === symbolType.FUNC || type === indirectFunction;
  return (size > 0 ? 8 : 0) + (isFunction ? 4 : 0) + byBinding;
}

function isWanted(elf: ElfFile, type: number, section: number, data: boolean): boolean {
  if (section === sectionIndex.UNDEF || section >= sectionIndex.LORESERVE) return false;
  if (type === symbolType.FUNC || type === indirectFunction) return true;
  if (type === symbolType.OBJECT) return data;
  // Assembly leaves its labels without a type; those in code are functions as far as anybody can tell.
  const flags = elf.sections[section]?.flags ?? 0;
  return type === symbolType.NOTYPE && (flags & sectionFlag.EXECINSTR) !== 0;
}

/** addTable reads a symbol table piece by piece. Mapping symbols ($x, $d of arm64) have no size and are passed over. */
function addTable(elf: ElfFile, table: ElfSection, names: Names, into: SymbolCollector, data: boolean): void {
  const count = Math.floor(table.size / entrySize.SYMBOL);
  const skipsMarkers = elf.machine === elfMachine.AARCH64;
  for (let first = 0; first < count; first += chunkSymbols) {
    const rows = Math.min(chunkSymbols, count - first);
    const offset = table.offset + first * entrySize.SYMBOL;
    const { view } = bytesOf(elf.source.read(offset, rows * entrySize.SYMBOL), offset, table.name);
    for (let base = 0; base < rows * entrySize.SYMBOL; base += entrySize.SYMBOL) {
      const info = view.getUint8(base + 4);
      const type = info & 0xf;
      const name = view.getUint32(base, true);
      if (name === 0 || !isWanted(elf, type, view.getUint16(base + 6, true), data)) continue;
      const start = view.getUint32(base + 12, true) * 0x1_0000_0000 + view.getUint32(base + 8, true);
      const high = view.getUint32(base + 20, true);
      const size = high > 0 ? 0xffff_ffff : view.getUint32(base + 16, true);
      if (start > Number.MAX_SAFE_INTEGER) continue;
      if (skipsMarkers && type === symbolType.NOTYPE && names.name(name).startsWith("$")) continue;
      into.add(start, size, name, rankOf(size, type, info >> 4));
    }
  }
}

function goSymbols(elf: ElfFile): SymbolMap | undefined {
  const functions = readGoFunctions(elf);
  if (functions === undefined) return undefined;
  const collector = collectSymbols(functions.count);
  for (let index = 0; index < functions.count; index++) {
    const fn = functions.at(index);
    collector.add(fn.entry, fn.end - fn.entry, index, 0);
  }
  return collector.finish({ heldBytes: 0, name: (index) => functions.name(index) });
}

/**
 * elfSymbols makes the map of a file's functions: from .symtab, else Go's function table, else .dynsym. Undefined when it has
 * none of them. Addresses are the file's. Names are read from the file when asked for: it must stay open as long.
 */
export function elfSymbols(elf: ElfFile, options: ElfSymbolOptions = {}): SymbolMap | undefined {
  const tableOf = (type: number) => elf.sections.find((row) => row.type === type);
  const whole = tableOf(sectionType.SYMTAB);
  if (whole === undefined) {
    const go = goSymbols(elf);
    if (go !== undefined) return go;
  }
  const table = whole ?? tableOf(sectionType.DYNSYM);
  const strings = table === undefined ? undefined : elf.sections[table.link];
  if (table === undefined || strings === undefined) return undefined;
  const names = fileNames(elf, strings);
  // About half of a table are functions; a header that claims more than the file holds gets no memory for it.
  const claimed = Math.min(table.size, elf.source.size) / entrySize.SYMBOL;
  const collector = collectSymbols(Math.ceil(claimed / 2));
  addTable(elf, table, names, collector, options.data ?? false);
  return collector.finish(names);
}
