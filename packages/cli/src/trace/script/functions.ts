import {
  BinaryError,
  displayName,
  type ElfFile,
  elfSymbols,
  type GoBinary,
  openGoBinary,
  parseUsdtArguments,
  readGoBuildInfo,
  usdtNotes,
} from "@go3s/binary";
import type { FoundAddress, FoundFunction, UsdtSite } from "@go3s/lang";

import { openProgram } from "./zip-member.js";

// STT_FUNC and STT_GNU_IFUNC of elf.h.
const functionTypes: ReadonlySet<number> = new Set([2, 10]);

/** withGo runs work with a Go program's own tables; undefined for other programs. */
function withGo<T>(elf: ElfFile, path: string, work: (binary: GoBinary) => T): T | undefined {
  if (readGoBuildInfo(elf) === undefined) return undefined;
  using binary = openGoBinary(path);
  return work(binary);
}

/** quietly gives undefined for a file that is no program. */
function quietly<T>(path: string, work: (elf: ElfFile) => T): T | undefined {
  try {
    using elf = openProgram(path);
    return work(elf);
  } catch (error) {
    if (error instanceof BinaryError) return undefined;
    throw error;
  }
}

/** functionsOf lists the functions of a program or library, for patterns. */
export function functionsOf(path: string): string[] {
  const found = quietly(path, (elf) => {
    const names = new Set<string>();
    withGo(elf, path, ({ functions }) => {
      for (let index = 0; index < functions.count; index++) names.add(functions.name(index));
    });
    // An address of 0 is a function of another file.
    for (const table of [elf.symbols(), elf.dynamicSymbols()])
      for (const symbol of table ?? [])
        if (functionTypes.has(symbol.type) && symbol.value !== 0 && symbol.section !== 0)
          names.add(symbol.name);
    return [...names];
  });
  return found ?? [];
}

/** findFunction finds one function by its exact name. */
export function findFunction(path: string, name: string): FoundFunction | undefined {
  return quietly(path, (elf): FoundFunction | undefined => {
    const go = withGo(elf, path, ({ functions }): FoundFunction | undefined => {
      const found = functions.find(name);
      return found === undefined ? undefined : { symbol: name, size: found.end - found.entry };
    });
    if (go !== undefined) return go;
    for (const table of [elf.symbols(), elf.dynamicSymbols()]) {
      const found = table?.find(name);
      if (found !== undefined && found.value !== 0 && found.section !== 0)
        return { symbol: name, size: found.size };
    }
    return undefined;
  });
}

/** findAddress tells where a virtual address stands in a file, and whose it is. */
export function findAddress(path: string, address: number): FoundAddress | undefined {
  return quietly(path, (elf): FoundAddress | undefined => {
    const offset = elf.addressToOffset(address);
    return offset === undefined ? undefined : { offset, symbol: elfSymbols(elf)?.at(address)?.name };
  });
}

/** demangledOf gives the C++ and Rust functions of a file with the names that people write: with their parameters, and without. */
export function demangledOf(path: string): { symbol: string; names: string[] }[] {
  return functionsOf(path).map((symbol) => {
    const whole = displayName(symbol);
    const cut = whole.endsWith(")") || / const$/.test(whole) ? openingOf(whole) : -1;
    return { symbol, names: cut > 0 ? [whole, whole.slice(0, cut)] : [whole] };
  });
}

/** openingOf finds the parenthesis that opens a function's parameters: the one that the last ")" closes. */
function openingOf(text: string): number {
  let depth = 0;
  for (let at = text.lastIndexOf(")"); at >= 0; at--) {
    if (text[at] === ")") depth++;
    else if (text[at] === "(" && --depth === 0) return at;
  }
  return -1;
}

/** usdtSites lists the USDT probes of a file, one row for each place of one. */
export function usdtSites(path: string): UsdtSite[] {
  const found = quietly(path, (elf) =>
    usdtNotes(elf).flatMap((note): UsdtSite[] => {
      if (note.fileOffset === undefined) return [];
      const list = parseUsdtArguments(elf.machine, note.arguments);
      const variables: Record<string, number> = {};
      for (const { place } of list) {
        if (place.kind !== "memory" || place.symbol === undefined) continue;
        const symbol = elf.symbols()?.find(place.symbol) ?? elf.dynamicSymbols()?.find(place.symbol);
        if (symbol !== undefined) variables[place.symbol] = symbol.value - note.address;
      }
      return [
        {
          provider: note.provider,
          name: note.name,
          offset: note.fileOffset,
          refCounter: note.semaphoreOffset ?? 0,
          arguments: list,
          variables,
        },
      ];
    }),
  );
  return found ?? [];
}
