import { existsSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import {
  BinaryError,
  type DebugInfo,
  type ElfFile,
  openDebugFile,
  openDebugInfo,
  openElf,
} from "@go3s/binary";
import type { FoundAddress, FunctionArgument } from "@go3s/lang";
import { cTypeText, declarationsOf } from "./c-declarations.js";

/** DebugFacts answers by the DWARF of programs. It holds their files open until close. */
export interface DebugFacts {
  readonly lineAddresses: (path: string, file: string, line: number) => readonly FoundAddress[];
  /** parameters of a function; undefined when the program says nothing of it. */
  readonly parameters: (path: string, symbol: string) => readonly FunctionArgument[] | undefined;
  /** declaration gives C declarations of a struct and of what it is made of. */
  readonly declaration: (path: string, name: string) => string | undefined;
  close(): void;
}

interface Opened {
  readonly elf: ElfFile;
  readonly debug: ElfFile;
  readonly info: DebugInfo;
}

/** inFolders finds a separate debug file in folders of --debuginfo; those without a "/" in front count from the program's. */
function inFolders(elf: ElfFile, path: string, folders: readonly string[]): ElfFile | undefined {
  const id = elf.gnuBuildId();
  if (id === undefined) return undefined;
  const name = path.slice(path.lastIndexOf("/") + 1);
  for (const folder of folders) {
    const base = isAbsolute(folder) ? folder : join(dirname(path), folder);
    const places = [`${name}.debug`, name, `.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`];
    for (const place of places.map((each) => join(base, each))) {
      if (!existsSync(place)) continue;
      try {
        const found = openElf(place);
        if (found.gnuBuildId() === id && found.section(".debug_info") !== undefined) return found;
        found.close();
      } catch (error) {
        if (!(error instanceof BinaryError)) throw error;
      }
    }
  }
  return undefined;
}

function opened(path: string, folders: readonly string[]): Opened | undefined {
  try {
    const elf = openElf(path);
    const own = elf.section(".debug_info") !== undefined;
    const debug = own ? elf : (inFolders(elf, path, folders) ?? openDebugFile(elf, { path }) ?? elf);
    const info = openDebugInfo(debug);
    if (info !== undefined) return { elf, debug, info };
    if (debug !== elf) debug.close();
    elf.close();
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
  }
  return undefined;
}

/** openDebugFacts reads nothing until something is asked. */
export function openDebugFacts(folders: readonly string[]): DebugFacts {
  const held = new Map<string, Opened | undefined>();
  const of = (path: string): Opened | undefined => {
    if (!held.has(path)) held.set(path, opened(path, folders));
    return held.get(path);
  };
  const addressOf = ({ elf, debug }: Opened, symbol: string): number | undefined => {
    for (const table of [elf.symbols(), elf.dynamicSymbols(), debug.symbols()]) {
      const found = table?.find(symbol);
      if (found !== undefined && found.value !== 0) return found.value;
    }
    return undefined;
  };
  /** unless broken debug information: then it is as if there were none. */
  const unlessBroken = <T>(work: () => T | undefined): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (error instanceof BinaryError) return undefined;
      throw error;
    }
  };
  return {
    lineAddresses: (path, file, line) =>
      unlessBroken(() => {
        const found = of(path);
        return found?.info.addresses(file, line).flatMap(({ address }): FoundAddress[] => {
          const offset = found.elf.addressToOffset(address);
          const symbol = found.info.frames(address).at(-1)?.linkageName;
          return offset === undefined ? [] : [{ offset, symbol }];
        });
      }) ?? [],
    parameters: (path, symbol) =>
      unlessBroken(() => {
        const found = of(path);
        const address = found === undefined ? undefined : addressOf(found, symbol);
        if (found === undefined || address === undefined) return undefined;
        return found.info
          .parameters(address)
          .filter((each) => each.role === "parameter")
          .map(({ name, type }) => ({ name, type: cTypeText(type) }));
      }),
    declaration: (path, name) =>
      unlessBroken(() => {
        const type = of(path)?.info.type(name);
        return type === undefined ? undefined : declarationsOf(type);
      }),
    close() {
      for (const each of held.values()) {
        each?.info.close();
        if (each !== undefined && each.debug !== each.elf) each.debug.close();
        each?.elf.close();
      }
      held.clear();
    },
  };
}
