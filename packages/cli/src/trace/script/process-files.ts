import { type ElfFile, elfSymbols, openElf, type SymbolMap } from "@go3s/binary";
import type { Frame } from "./frame-lines.js";

/** ProbedAt is the instruction that a program's stack begins at: it tells where an ended process had its program. */
export interface ProbedAt {
  readonly path: string;
  readonly symbol: string;
  readonly offset: number;
}

interface Known {
  readonly elf: ElfFile;
  readonly symbols: SymbolMap;
  readonly start: number | undefined;
}

/** ProcessFiles names the addresses of processes that have ended, by the program that was probed in them. */
export interface ProcessFiles {
  /** frame names an address of a stack whose first address is `first`. */
  frame(address: bigint, first: bigint, at: ProbedAt): Frame | undefined;
  /** location gives a file's build id and an address's place in it. */
  location(path: string, address: number): { readonly buildId: string; readonly offset: number } | undefined;
  close(): void;
}

/** openProcessFiles opens files when they are asked for. */
export function openProcessFiles(): ProcessFiles {
  const files = new Map<string, Known | undefined>();
  const read = (at: ProbedAt): Known | undefined => {
    try {
      const elf = openElf(at.path);
      const found = [elf.symbols(), elf.dynamicSymbols()].flatMap((table) => table?.find(at.symbol) ?? [])[0];
      const symbols = elfSymbols(elf);
      if (symbols !== undefined) return { elf, symbols, start: found?.value };
      elf.close();
      return undefined;
    } catch {
      return undefined;
    }
  };
  return {
    frame(address, first, at) {
      const key = `${at.path}:${at.symbol}`;
      if (!files.has(key)) files.set(key, read(at));
      const file = files.get(key);
      if (file?.start === undefined) return undefined;
      const own = Number(address - first) + file.start + at.offset;
      const found = file.symbols.at(own);
      return found === undefined ? undefined : { name: found.name, offset: found.offset, module: at.path };
    },
    location(path, address) {
      try {
        using elf = openElf(path);
        const [buildId, offset] = [elf.gnuBuildId(), elf.addressToOffset(address)];
        return buildId === undefined || offset === undefined ? undefined : { buildId, offset };
      } catch {
        return undefined;
      }
    },
    close() {
      for (const file of files.values()) file?.elf.close();
    },
  };
}
