import { find } from "../bytes/view.js";
import type { ElfFile } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { attribute, tag } from "./constants.js";
import { type DebugFile, openDebugFile } from "./debug-file.js";
import { numberOf } from "./die.js";
import { type FrameRule, type FrameTable, readFrames } from "./frames.js";
import { type LineHeader, readLineHeader } from "./line-header.js";
import { type LineTable, readLineTable, rowAt, rowFlag } from "./line-table.js";
import { withFrame } from "./location.js";
import type { DebugUnit } from "./model.js";
import { readScopes, type Scope, scopeDie, type UnitScopes } from "./scopes.js";
import { openSplitUnits } from "./split.js";
import { namedType, type TypeDescription } from "./types.js";
import { indexUnits, type UnitIndex } from "./unit-index.js";
import { linkageNameOf, nameOf, openUnits } from "./unit-set.js";
import { type Variable, variablesIn } from "./variables.js";

/** SourcePosition is a place in a source file; line and column count from 1, 0 says that the compiler does not know. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** SourceFrame is a function at an address: the innermost inlined one first, the function that has the code last. */
export interface SourceFrame {
  /** name as the source has it, without its namespace: `push_back`. */
  readonly name: string;
  /** linkageName is what the linker calls it (mangled for C++ and Rust), the same as name where there is none. */
  readonly linkageName: string;
  readonly position: SourcePosition | undefined;
  /** inlined tells that the compiler put this function's code into the next frame's. */
  readonly inlined: boolean;
}

/** LineAddress is where the code of a source line begins. */
export interface LineAddress {
  readonly address: number;
  readonly file: string;
  readonly line: number;
}

/** DebugInfo answers questions by the DWARF 2 to 5 information of a program. It does not own the ElfFile. */
export interface DebugInfo {
  /** position returns the line of the instruction at an address; undefined when no line table covers it. */
  position(address: number): SourcePosition | undefined;
  /** frames returns the functions at an address, inlined ones first; none when no function covers it. */
  frames(address: number): SourceFrame[];
  /**
   * addresses returns where the code of a line begins, once per function or inlined copy; when the line has no code,
   * that of the next line that has. file matches whole path parts from the end ("server.go", "http/server.go").
   */
  addresses(file: string, line: number): LineAddress[];
  /** frame returns where the canonical frame address is at an instruction; undefined when no unwinding table says so. */
  frame(address: number): FrameRule | undefined;
  /**
   * variables returns the parameters and locals in sight at an address with where their values are: in registers, or in
   * memory at a register plus an offset as far as the unwinding tables tell where the frame is.
   */
  variables(address: number): Variable[];
  /** parameters returns what the function at an address is called with (inlined functions apart). */
  parameters(address: number): Variable[];
  /** inlined counts the places at which calls of the function of this name were replaced by its code. */
  inlined(name: string): number;
  /** type finds a type by its name as the debug information has it ("main.Shape", "task_struct"). */
  type(name: string): TypeDescription | undefined;
  /** close releases split files. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * heldScopes and heldRows bound what is kept of the units that were asked about, about 40 MB each at most. A stack trace
 * crosses dozens of units, and reading one anew takes 1 to 50 ms.
 */
const heldScopes = 300_000;
const heldRows = 2_000_000;
const heldFileLists = 64;

/** cached keeps the newest results up to a weight; making is repeated for what was dropped. */
function cached<K, V>(limit: number, make: (key: K) => V, weigh: (value: V) => number): (key: K) => V {
  const held = new Map<K, { value: V; weight: number }>();
  let total = 0;
  return (key) => {
    const there = held.get(key);
    if (there !== undefined) return there.value;
    const value = make(key);
    const weight = weigh(value);
    total += weight;
    for (const [oldest, row] of held) {
      if (total <= limit) break;
      held.delete(oldest);
      total -= row.weight;
    }
    held.set(key, { value, weight });
    return value;
  };
}

function lineOffset(unit: DebugUnit): number | undefined {
  const root = unit.root();
  return root === undefined ? undefined : numberOf(root, attribute.STMT_LIST);
}

/** readFiles returns the file names that a unit's call_file numbers count in: a split unit's own table, else its skeleton's. */
function readFiles(unit: DebugUnit): readonly string[] {
  const own = lineOffset(unit);
  if (own !== undefined && unit.file.line.size() > 0) {
    return readLineHeader(unit, own + (unit.contribution?.line ?? 0)).files;
  }
  return unit.skeleton === undefined ? [] : readFiles(unit.skeleton);
}

function matches(path: string, wanted: string): boolean {
  return path === wanted || path.endsWith(wanted.startsWith("/") ? wanted : `/${wanted}`);
}

/**
 * startsOf returns the rows at which the code of lines from `line` on begins: the first statement of each run. Rows that
 * the next one replaces at the same address cover no instruction; they count for a line that has no others (GCC's views).
 */
function startsOf(table: LineTable, wanted: ReadonlySet<number>, line: number): Map<number, number[]> {
  const covering = new Map<number, number[]>();
  const empty = new Map<number, number[]>();
  for (const { first, last } of table.sequences) {
    let running = 0;
    for (let row = first; row < last; row++) {
      const here = table.lines[row] ?? 0;
      if (!wanted.has(table.fileNumbers[row] ?? 0) || here < line) {
        running = 0;
        continue;
      }
      if (((table.flags[row] ?? 0) & rowFlag.STATEMENT) === 0) continue;
      const covers = table.addresses[row] !== table.addresses[row + 1];
      if (covers && running === here) continue;
      const rows = covers ? covering : empty;
      const starts = rows.get(here);
      if (starts === undefined) rows.set(here, [row]);
      else starts.push(row);
      if (covers) running = here;
    }
  }
  for (const [here, rows] of empty) if (!covering.has(here)) covering.set(here, rows);
  return covering;
}

/**
 * openDebugInfo reads the headers of the units; undefined when the file has no debug information. Their first entries are
 * read at the first question, one unit's entries and lines when an address falls into it. Throws BinaryError.
 */
export function openDebugInfo(elf: ElfFile): DebugInfo | undefined {
  const file = openDebugFile(elf);
  if (file.info.size() === 0) return undefined;
  const units = openUnits(file);
  const split = openSplitUnits(elf);
  let index: UnitIndex | undefined;
  let frames: FrameTable | undefined;

  const readLines = (at: number): LineTable | false => {
    const unit = units.unit(at);
    const offset = lineOffset(unit);
    return offset !== undefined && readLineTable(readLineHeader(unit, offset));
  };
  const lineTable = cached(heldRows, readLines, (table) => 1_000 + (table === false ? 0 : table.count));
  const readUnitScopes = (at: number): UnitScopes => {
    const unit = units.unit(at);
    return readScopes(split.of(unit) ?? unit);
  };
  const scopesOf = cached(heldScopes, readUnitScopes, (unit) => 100 + unit.scopes.length);
  const filesOf = cached(heldFileLists, readFiles, () => 1);

  const unitsAt = (address: number): readonly number[] => {
    index ??= indexUnits(units);
    const found = index.at(address);
    return found.length > 0 ? found : index.loose;
  };

  const position = (address: number): SourcePosition | undefined => {
    for (const at of unitsAt(address)) {
      const table = lineTable(at);
      const row = table === false ? -1 : rowAt(table, address);
      if (table === false || row < 0) continue;
      return {
        file: table.files[table.fileNumbers[row] ?? 0] ?? "",
        line: table.lines[row] ?? 0,
        column: table.columns[row] ?? 0,
      };
    }
    return undefined;
  };

  const scopesAt = (address: number): { unit: DebugUnit; chain: Scope[] } | undefined => {
    for (const at of unitsAt(address)) {
      const scopes = scopesOf(at);
      const chain = scopes.at(address);
      if (chain.length > 0) return { unit: scopes.unit, chain };
    }
    return undefined;
  };

  const headersMatching = function* (
    wanted: string,
  ): Generator<{ header: LineHeader; numbers: Set<number> }> {
    for (let at = 0; at < units.count; at++) {
      let header: LineHeader | undefined;
      try {
        const offset = lineOffset(units.unit(at));
        header = offset === undefined ? undefined : readLineHeader(units.unit(at), offset);
      } catch (error) {
        // A broken unit keeps nobody from the lines of the others.
        if (!(error instanceof BinaryError)) throw error;
      }
      if (header === undefined) continue;
      const numbers = new Set<number>();
      for (const [number, path] of header.files.entries()) if (matches(path, wanted)) numbers.add(number);
      if (numbers.size > 0) yield { header, numbers };
    }
  };

  const frame = (address: number): FrameRule | undefined => {
    frames ??= readFrames(elf);
    return frames.at(address);
  };

  const variablesOf = (unit: DebugUnit, chain: readonly Scope[], address: number): Variable[] => {
    const rows = variablesIn(unit, chain, address);
    let rule: FrameRule | undefined;
    try {
      rule = frame(address);
    } catch (error) {
      // Without the unwinding tables, places on the stack stay relative to the frame.
      if (!(error instanceof BinaryError)) throw error;
    }
    return rule === undefined
      ? rows
      : rows.map((row) => ({ ...row, location: withFrame(row.location, rule) }));
  };

  const variables = (address: number): Variable[] => {
    const found = scopesAt(address);
    return found === undefined ? [] : variablesOf(found.unit, found.chain, address);
  };

  return {
    position,
    frame,
    frames(address) {
      const found = scopesAt(address);
      if (found === undefined) return [];
      const { unit, chain } = found;
      const out: SourceFrame[] = [];
      let at = position(address);
      for (const scope of chain.filter((row) => row.tag !== tag.LEXICAL_BLOCK).reverse()) {
        const die = scopeDie(unit, scope);
        if (die === undefined) continue;
        const name = nameOf(die) ?? "";
        const inlined = scope.tag === tag.INLINED_SUBROUTINE;
        out.push({ name, linkageName: linkageNameOf(die) ?? name, position: at, inlined });
        const number = numberOf(die, attribute.CALL_FILE);
        at =
          number === undefined
            ? undefined
            : {
                file: filesOf(unit)[number] ?? "",
                line: numberOf(die, attribute.CALL_LINE) ?? 0,
                column: numberOf(die, attribute.CALL_COLUMN) ?? 0,
              };
      }
      return out;
    },
    addresses(wanted, line) {
      let nearest = Number.POSITIVE_INFINITY;
      let out = new Map<number, LineAddress>();
      for (const { header, numbers } of headersMatching(wanted)) {
        const table = readLineTable(header);
        for (const [here, rows] of startsOf(table, numbers, line)) {
          if (here > nearest) continue;
          if (here < nearest) out = new Map();
          nearest = here;
          for (const row of rows) {
            const address = table.addresses[row] ?? 0;
            const path = table.files[table.fileNumbers[row] ?? 0] ?? "";
            out.set(address, { address, file: path, line: here });
          }
        }
      }
      return [...out.values()].sort((a, b) => a.address - b.address);
    },
    variables,
    parameters(address) {
      const found = scopesAt(address);
      if (found === undefined) return [];
      const rows = variablesOf(found.unit, found.chain.slice(0, 1), address);
      return rows.filter((row) => row.role !== "local");
    },
    inlined(name) {
      let count = 0;
      for (let at = 0; at < units.count; at++) {
        const { unit, scopes } = scopesOf(at);
        for (const scope of scopes) {
          if (scope.tag !== tag.INLINED_SUBROUTINE) continue;
          const die = scopeDie(unit, scope);
          if (die !== undefined && (linkageNameOf(die) ?? nameOf(die)) === name) count++;
        }
      }
      return count;
    },
    type(name) {
      const bytes = Buffer.from(`${name}\0`, "utf8");
      const inStrings = new Map<DebugFile, boolean>();
      for (let at = 0; at < units.count; at++) {
        const skeleton = units.unit(at);
        const unit = split.of(skeleton) ?? skeleton;
        let known = inStrings.get(unit.file);
        if (known === undefined) {
          known = find(unit.file.strings.whole().data, bytes) >= 0;
          inStrings.set(unit.file, known);
        }
        // A name is in the strings or, as Go writes it, in the unit itself: most units need not be walked.
        const found = known || find(unit.bytes().data, bytes) >= 0 ? namedType(unit, name) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    },
    close: () => split.close(),
    [Symbol.dispose]: () => split.close(),
  };
}
