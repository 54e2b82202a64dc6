import { type DebugInfo, openDebugInfo, type SourcePosition } from "../dwarf/debug-info.js";
import type { ElfFile } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { type GoFunctions, readGoFunctions } from "../go/functions.js";
import { openDebugFile } from "../symbols/debug-link.js";
import { elfSymbols } from "../symbols/elf-symbols.js";
import type { SymbolMap } from "../symbols/symbol-map.js";

/** ModuleFrame is a function at an address of a file. */
export interface ModuleFrame {
  /** name as the linker knows it; displayName makes it readable. */
  readonly name: string;
  /** offset from the function's start; undefined for inlined functions, which have none of their own. */
  readonly offset: number | undefined;
  readonly position: SourcePosition | undefined;
  readonly inlined: boolean;
}

/** heldAddresses bounds the answers that a module keeps: profiles ask for the same few thousand again and again. */
const heldAddresses = 16_384;

/** Module is a program or library whose addresses can be named. It owns its files. */
export interface Module {
  readonly elf: ElfFile;
  /** frames returns what is at an address of the file, inlined functions first; none when nothing is known. */
  frames(address: number): readonly ModuleFrame[];
  close(): void;
}

/** ModuleOptions says where a module's separate debug file may lie. */
export interface ModuleOptions {
  readonly path: string;
  readonly roots: readonly string[];
}

/** tolerant runs a reader of a part that may be broken: what it would have told stays unknown then. */
function tolerant<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof BinaryError) return undefined;
    throw error;
  }
}

/** openModule takes an open file and answers with all that it, its debug file and its Go table know. */
export function openModule(elf: ElfFile, options: ModuleOptions): Module {
  const plain = tolerant(() => openDebugInfo(elf));
  const separate = plain === undefined ? tolerant(() => openDebugFile(elf, options)) : undefined;
  const debug: DebugInfo | undefined =
    plain ?? (separate === undefined ? undefined : tolerant(() => openDebugInfo(separate)));
  let symbols: SymbolMap | undefined;
  let go: GoFunctions | undefined;
  let isKnown = false;

  const readTables = (): void => {
    if (isKnown) return;
    isKnown = true;
    const hasTable = elf.section(".symtab") !== undefined;
    symbols = tolerant(() => elfSymbols(separate !== undefined && !hasTable ? separate : elf));
    // Go's own table has the lines of stripped programs.
    if (debug === undefined) go = tolerant(() => readGoFunctions(elf));
  };

  const held = new Map<number, ModuleFrame[]>();

  const find = (address: number): ModuleFrame[] => {
    readTables();
    const symbol = tolerant(() => symbols?.at(address));
    const found = tolerant(() => debug?.frames(address)) ?? [];
    if (found.length > 0) {
      return found.map((frame) => ({
        name: frame.inlined ? frame.linkageName : (symbol?.name ?? frame.linkageName),
        offset: frame.inlined ? undefined : symbol?.offset,
        position: frame.position,
        inlined: frame.inlined,
      }));
    }
    const line = tolerant(() => go?.symbolise(address));
    const name = symbol?.name ?? line?.function.name;
    if (name === undefined) return [];
    const position =
      line?.file === undefined ? undefined : { file: line.file, line: line.line ?? 0, column: 0 };
    return [{ name, offset: symbol?.offset ?? line?.offset, position, inlined: false }];
  };

  return {
    elf,
    frames(address) {
      const there = held.get(address);
      if (there !== undefined) return there;
      const frames = find(address);
      if (held.size >= heldAddresses) held.clear();
      held.set(address, frames);
      return frames;
    },
    close() {
      debug?.close();
      separate?.close();
      elf.close();
    },
  };
}
