import { BinaryError } from "../errors.js";
import { isFile } from "./mapped-file.js";
import { type MemoryMapping, mappingAt, readMaps } from "./maps.js";
import type { ModuleFrame } from "./module.js";
import { type ModuleCache, openModuleCache } from "./module-cache.js";

/** ProcessFrame is a function at an address of a process. */
export interface ProcessFrame extends ModuleFrame {
  /** module is the file's path in the process's mount namespace, "[vdso]" and its like, or "" for memory of no file. */
  readonly module: string;
  /** address in the file (its own numbering, as in its symbol table); undefined for memory of no file. */
  readonly address: number | undefined;
}

/** ProcessSymbolizer names the addresses of a running process. */
export interface ProcessSymbolizer {
  readonly pid: number;
  /**
   * frames returns the functions at an address, inlined ones first; at least one frame always, which has the name "" when
   * nothing is known but the module.
   */
  frames(address: number): ProcessFrame[];
  /** stack does the same for a stack trace: the first address is an instruction's, the others those that calls return to. */
  stack(addresses: readonly number[]): ProcessFrame[];
  /** refresh reads the process's mappings anew; an unknown address does that by itself. */
  refresh(): void;
  close(): void;
  [Symbol.dispose](): void;
}

const unknown = (module: string, address: number | undefined): ProcessFrame => ({
  name: "",
  offset: undefined,
  position: undefined,
  inlined: false,
  module,
  address,
});

/**
 * openProcessSymbolizer reads a process's mappings; files are opened as addresses fall into them, through the process's own
 * mount namespace, deleted ones too. A cache that is given is shared and stays open. Throws BinaryError "no-process".
 */
export function openProcessSymbolizer(pid: number, shared?: ModuleCache): ProcessSymbolizer {
  const cache = shared ?? openModuleCache();
  let maps: readonly MemoryMapping[] = readMaps(pid);
  let misses = 0;

  const mappingOf = (address: number): MemoryMapping | undefined => {
    const there = mappingAt(maps, address);
    if (there !== undefined) return there;
    // A library may have been loaded since. Garbage in a stack must not make every address cost a read of the map.
    misses++;
    if ((misses & (misses - 1)) !== 0) return undefined;
    try {
      maps = readMaps(pid);
    } catch (error) {
      // The process has ended since: what was read of it still answers.
      if (!(error instanceof BinaryError)) throw error;
    }
    return mappingAt(maps, address);
  };

  const frames = (address: number): ProcessFrame[] => {
    const mapping = mappingOf(address);
    if (mapping === undefined) return [unknown("", undefined)];
    if (!isFile(mapping)) return [unknown(mapping.path, undefined)];
    const module = cache.of(pid, mapping);
    const inFile = address - mapping.start + mapping.fileOffset;
    const own = module?.elf.offsetToAddress(inFile);
    if (module === undefined || own === undefined) return [unknown(mapping.path, own)];
    const found = module.frames(own);
    if (found.length === 0) return [unknown(mapping.path, own)];
    return found.map((frame) => ({ ...frame, module: mapping.path, address: own }));
  };

  const close = (): void => {
    if (shared === undefined) cache.close();
  };

  return {
    pid,
    frames,
    stack: (addresses) => addresses.flatMap((address, i) => frames(i === 0 ? address : address - 1)),
    refresh() {
      maps = readMaps(pid);
      misses = 0;
    },
    close,
    [Symbol.dispose]: close,
  };
}
