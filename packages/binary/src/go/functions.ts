import type { ElfFile } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { locateTable, textStart } from "./locate.js";
import {
  entryOf,
  hasNameLike,
  lineAt,
  nameMatches,
  nameOf,
  nameOffsets,
  type PclnTable,
  type PclnVersion,
  parsePcln,
} from "./pclntab.js";

/** GoFunction is one function of a Go binary. */
export interface GoFunction {
  readonly index: number;
  readonly name: string;
  /** entry is the virtual address of the first instruction. */
  readonly entry: number;
  /** end is the next function's entry: padding lies before it. */
  readonly end: number;
}

/** GoPosition is where in the source an address comes from. */
export interface GoPosition {
  readonly function: GoFunction;
  /** offset in bytes from the function's entry. */
  readonly offset: number;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** GoFunctions is a binary's function table. No object is made for a function until it is asked for. */
export interface GoFunctions {
  readonly tableVersion: PclnVersion;
  readonly count: number;
  /** text is the virtual address offsets count from. */
  readonly text: number;
  at(index: number): GoFunction;
  /** name is at(index).name without the object. */
  name(index: number): string;
  /** find returns the function of exactly this name, or of this name behind a `…/vendor/` prefix. */
  find(name: string): GoFunction | undefined;
  /** findAll is find for names that several functions share (ABI wrappers, closures of generic code). */
  findAll(name: string): readonly GoFunction[];
  /** mentions tells whether the program has, or had before all its calls were inlined, a function of this name. */
  mentions(name: string): boolean;
  /** hasPackage tells whether a function of this package is in the table. */
  hasPackage(path: string): boolean;
  /** containing returns the function whose bytes hold the virtual address. */
  containing(address: number): GoFunction | undefined;
  /** symbolise returns function, file and line of a virtual address. */
  symbolise(address: number): GoPosition | undefined;
}

function functionsOf(table: PclnTable, text: number): GoFunctions {
  let offsets: Int32Array | undefined;
  const names = () => {
    offsets ??= nameOffsets(table);
    return offsets;
  };
  const entry = (index: number) => entryOf(table, index) + text;
  function* matching(name: string): Generator<GoFunction, undefined> {
    // A name without a function is one whose every call was inlined.
    for (const offset of nameMatches(table, name)) {
      for (let i = names().indexOf(offset); i >= 0; i = names().indexOf(offset, i + 1)) yield self.at(i);
    }
  }
  const self: GoFunctions = {
    tableVersion: table.version,
    count: table.count,
    text,
    at(index) {
      if (!(index >= 0 && index < table.count)) {
        throw new BinaryError("malformed", `Go function ${index} of ${table.count}`, {
          offset: table.functions.base,
        });
      }
      return { index, name: nameOf(table, index), entry: entry(index), end: entry(index + 1) };
    },
    name: (index) => nameOf(table, index),
    find: (name) => matching(name).next().value,
    findAll: (name) => [...matching(name)],
    mentions: (name) => nameMatches(table, name).next().done !== true,
    hasPackage: (path) => hasNameLike(table, `${path}.`),
    containing(address) {
      if (!(address >= entry(0) && address < entry(table.count))) return undefined;
      let low = 0;
      let high = table.count;
      while (high - low > 1) {
        const middle = (low + high) >>> 1;
        if (entry(middle) <= address) low = middle;
        else high = middle;
      }
      return self.at(low);
    },
    symbolise(address) {
      const found = self.containing(address);
      if (found === undefined) return undefined;
      const offset = address - found.entry;
      const position = lineAt(table, found.index, offset);
      return { function: found, offset, file: position?.file, line: position?.line };
    },
  };
  return self;
}

/** readGoFunctions finds and reads the function table (Go 1.16 to 1.27); undefined when the file has none. */
export function readGoFunctions(elf: ElfFile): GoFunctions | undefined {
  const located = locateTable(elf);
  if (located === undefined) return undefined;
  const table = parsePcln(located.bytes);
  const text = textStart(elf, located, table);
  if (text === undefined) {
    throw new BinaryError(
      "malformed",
      "the address that the Go function table counts from is not in the file",
      {
        offset: located.bytes.base,
      },
    );
  }
  return functionsOf(table, text);
}
