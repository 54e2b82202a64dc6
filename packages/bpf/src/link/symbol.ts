import { existsSync } from "node:fs";
import { type ElfFile, openElf, openGoBinary, readGoBuildInfo } from "@go3s/binary";
import { BpfError } from "../errors.js";

/** Where the linker of a system without a cache of its own looks: ld.so(8), and Debian's folders by machine. */
const LIBRARY_FOLDERS = [
  `/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
  `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
  "/usr/local/lib",
];

// elf.h
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;

/** findFile gives the path of a program or library: a name without a slash is looked for where libraries are. */
export function findFile(name: string): string {
  if (name.startsWith("/")) return name;
  const places = name.includes("/") ? [`/${name}`] : LIBRARY_FOLDERS.map((folder) => `${folder}/${name}`);
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new BpfError("not-found", `there is no file "${name}"`, {
    hint: `give its whole path; looked for ${places.join(", ")}`,
  });
}

function inTables(elf: ElfFile, symbol: string): number | undefined {
  for (const table of [elf.symbols(), elf.dynamicSymbols()]) {
    const found = table?.find(symbol);
    // An address of 0 is a function of another file.
    if (found === undefined || found.value === 0) continue;
    const offset = elf.addressToOffset(found.value);
    if (offset !== undefined) return offset;
  }
  return undefined;
}

/**
 * symbolOffset gives the file offset at which a function's probe belongs: its entry, in Go programs the first
 * instruction behind the stack check that the kernel emulates. Throws BpfError `not-found`.
 */
export function symbolOffset(path: string, symbol: string): number {
  using elf = openElf(path);
  if (readGoBuildInfo(elf) !== undefined) {
    using binary = openGoBinary(path);
    const found = binary.functions.find(symbol);
    if (found !== undefined) return binary.probeAddress(found).fileOffset;
  }
  const offset = inTables(elf, symbol);
  if (offset !== undefined) return offset;
  throw new BpfError("not-found", `${path} has no function "${symbol}"`, {
    hint: "the name must be exact; nm -D and nm (of Go: go tool nm) list them",
  });
}

/** isPattern tells whether a name has `*` or `?` in it. */
export function isPattern(name: string): boolean {
  return /[*?]/.test(name);
}

/** matcher makes a function that tells which names a pattern of `*` and `?` fits. */
export function matcher(pattern: string): (name: string) => boolean {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${text}$`);
  return (name) => expression.test(name);
}

/** isGoProgram tells whether a file was built by Go, whose functions must not be probed by the kernel's return probes. */
export function isGoProgram(path: string): boolean {
  using elf = openElf(path);
  return readGoBuildInfo(elf) !== undefined;
}

function goOffsets(path: string, fits: (name: string) => boolean): number[] {
  using binary = openGoBinary(path);
  const offsets: number[] = [];
  for (let index = 0; index < binary.functions.count; index++) {
    if (fits(binary.functions.name(index))) {
      offsets.push(binary.probeAddress(binary.functions.at(index)).fileOffset);
    }
  }
  return offsets;
}

function elfOffsets(path: string, fits: (name: string) => boolean): number[] {
  using elf = openElf(path);
  const offsets: number[] = [];
  for (const table of [elf.symbols(), elf.dynamicSymbols()]) {
    for (const symbol of table ?? []) {
      const isFunction = symbol.type === STT_FUNC || symbol.type === STT_GNU_IFUNC;
      if (!isFunction || symbol.value === 0 || !fits(symbol.name)) continue;
      const offset = elf.addressToOffset(symbol.value);
      if (offset !== undefined) offsets.push(offset);
    }
  }
  return offsets;
}

/**
 * functionOffsets gives the file offsets at which the probes of all functions belong whose name fits a pattern,
 * each once; a function of exactly this name alone (Go's names have stars in them). Throws `not-found`.
 */
export function functionOffsets(path: string, pattern: string): number[] {
  try {
    return [symbolOffset(path, pattern)];
  } catch (error) {
    if (!isPattern(pattern) || !(error instanceof BpfError)) throw error;
  }
  const fits = matcher(pattern);
  const offsets = new Set(isGoProgram(path) ? goOffsets(path, fits) : elfOffsets(path, fits));
  if (offsets.size > 0) return [...offsets];
  throw new BpfError("not-found", `${path} has no function that fits "${pattern}"`);
}
