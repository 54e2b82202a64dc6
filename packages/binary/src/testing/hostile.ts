import { openDebugInfo } from "../dwarf/debug-info.js";
import { locationText } from "../dwarf/location.js";
import type { TypeDescription } from "../dwarf/types.js";
import { type ElfFile, readElf } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { debugLink } from "../symbols/debug-link.js";
import { elfSymbols } from "../symbols/elf-symbols.js";
import { parseUsdtArguments } from "../usdt/arguments.js";
import { usdtNotes } from "../usdt/notes.js";

/** tolerates runs a reader: a BinaryError is an answer, anything else a bug. It tells whether there was an answer. */
export function tolerates(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return false;
  }
}

function readType(type: TypeDescription | undefined, depth: number): void {
  if (type === undefined || depth === 0) return;
  for (const member of type.members().slice(0, 50)) readType(member.type, depth - 1);
  type.enumerators();
  readType(type.target(), depth - 1);
}

/** readDebug asks a file's debug information everything that can be asked at these addresses. */
export function readDebug(elf: ElfFile, addresses: readonly number[]): void {
  tolerates(() => {
    using info = openDebugInfo(elf);
    if (info === undefined) return;
    for (const address of addresses) {
      tolerates(() => info.position(address));
      tolerates(() => info.frames(address));
      tolerates(() => info.frame(address));
      tolerates(() => {
        for (const row of info.variables(address)) {
          locationText(elf.machine, row.location);
          readType(row.type, 3);
        }
      });
    }
    tolerates(() => info.addresses("cart.cc", 20));
    tolerates(() => readType(info.type("Item"), 4));
  });
}

/** readEverything runs every reader of this package but Go's over bytes that may be broken. */
export function readEverything(bytes: Uint8Array, addresses: readonly number[]): void {
  tolerates(() => {
    const elf = readElf(bytes);
    tolerates(() => {
      for (const note of usdtNotes(elf)) tolerates(() => parseUsdtArguments(elf.machine, note.arguments));
    });
    tolerates(() => debugLink(elf));
    tolerates(() => {
      const symbols = elfSymbols(elf, { data: true });
      for (const address of addresses) tolerates(() => symbols?.at(address));
    });
    readDebug(elf, addresses);
  });
}

/** Random is a small generator of numbers that gives the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const interesting = [0, 1, 2, 0x7f, 0x80, 0xff, 0x20, 0xc0];

/** mutate changes up to six bytes of the sections that the readers look at, in place; it returns what undoes it. */
export function mutate(
  bytes: Uint8Array,
  ranges: readonly (readonly [start: number, end: number])[],
  random: (below: number) => number,
): () => void {
  const before: [at: number, value: number][] = [];
  for (let count = 1 + random(6); count > 0; count--) {
    const [start, end] = ranges[random(ranges.length)] ?? [0, 0];
    if (end <= start) continue;
    const at = start + random(end - start);
    before.push([at, bytes[at] ?? 0]);
    bytes[at] = random(2) === 0 ? (interesting[random(interesting.length)] ?? 0) : random(256);
  }
  return () => {
    for (const [at, value] of before.reverse()) bytes[at] = value;
  };
}

/** debugRanges are where a file's headers and debug sections lie. */
export function debugRanges(elf: ElfFile): [start: number, end: number][] {
  const wanted = /^\.(z?debug_|eh_frame|note|gnu_debuglink|symtab|strtab|stapsdt)/;
  const ranges: [number, number][] = [[0, 64]];
  const { source } = elf;
  const view = new DataView(source.read(40, 8).slice().buffer);
  ranges.push([Number(view.getBigUint64(0, true)), source.size]);
  for (const section of elf.sections) {
    if (wanted.test(section.name) && section.size > 0)
      ranges.push([section.offset, section.offset + section.size]);
  }
  return ranges;
}
