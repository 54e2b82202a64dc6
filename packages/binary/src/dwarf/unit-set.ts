import { attribute } from "./constants.js";
import type { DebugFile } from "./debug-file.js";
import { openUnit } from "./debug-unit.js";
import { numberOf, readDie, referenceOf, textOf } from "./die.js";
import type { Contribution, DebugUnit, Die } from "./model.js";
import type { Unit } from "./unit-header.js";

/** UnitSet is the units of one debug file, opened as they are needed. */
export interface UnitSet {
  readonly file: DebugFile;
  readonly count: number;
  unit(index: number): DebugUnit;
  /** indexAt returns which unit holds an offset of .debug_info, -1 when none does. */
  indexAt(offset: number): number;
}

/** SplitLinks join the units of a split file to the program's. */
export interface SplitLinks {
  skeleton(header: Unit): DebugUnit | undefined;
  contribution(header: Unit): Contribution | undefined;
}

/** openUnits reads the headers of a file's units. */
export function openUnits(file: DebugFile, links?: SplitLinks): UnitSet {
  const headers = file.headers();
  const opened: (DebugUnit | undefined)[] = new Array(headers.length);
  const indexAt = (offset: number): number => {
    let low = 0;
    let high = headers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((headers[middle]?.start ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const header = headers[low - 1];
    return header !== undefined && offset >= header.entries && offset < header.end ? low - 1 : -1;
  };
  const resolve = (offset: number): Die | undefined => {
    const index = indexAt(offset);
    if (index < 0) return undefined;
    const owner = unit(index);
    return readDie(owner, owner.bytes(), offset - owner.header.start);
  };
  let types: Map<bigint, number> | undefined;
  const typeAt = (signature: bigint): number | undefined => {
    types ??= new Map(headers.flatMap(({ type }) => (type === undefined ? [] : [[type.signature, type.at]])));
    return types.get(signature);
  };
  const unit = (index: number): DebugUnit => {
    const there = opened[index];
    if (there !== undefined) return there;
    const header = headers[index];
    if (header === undefined) throw new RangeError(`unit ${index} of ${headers.length}`);
    const skeleton = links?.skeleton(header);
    const contribution = links?.contribution(header);
    const made = openUnit(file, header, {
      resolve,
      typeAt,
      ...(skeleton === undefined ? {} : { skeleton }),
      ...(contribution === undefined ? {} : { contribution }),
    });
    opened[index] = made;
    return made;
  };
  return { file, count: headers.length, unit, indexAt };
}

/** longestChain bounds how many references are followed to find a name. */
const longestChain = 16;

/** follow returns the first answer that the entry or those it was made from give. */
export function follow<T>(die: Die, ask: (die: Die) => T | undefined): T | undefined {
  let next: Die | undefined = die;
  for (let i = 0; next !== undefined && i < longestChain; i++) {
    const answer = ask(next);
    if (answer !== undefined) return answer;
    const reference: { offset: number } | undefined =
      referenceOf(next, attribute.ABSTRACT_ORIGIN) ?? referenceOf(next, attribute.SPECIFICATION);
    next = reference === undefined ? undefined : next.unit.resolve(reference.offset);
  }
  return undefined;
}

/** nameOf is an entry's own name, or that of the entry it was made from. */
export function nameOf(die: Die): string | undefined {
  return follow(die, (row) => textOf(row, attribute.NAME));
}

/** linkageNameOf is the name as the linker knows it (mangled), where it differs. */
export function linkageNameOf(die: Die): string | undefined {
  return follow(
    die,
    (row) => textOf(row, attribute.LINKAGE_NAME) ?? textOf(row, attribute.MIPS_LINKAGE_NAME),
  );
}

/** numberIn reads a number from the entry or those it was made from. */
export function numberIn(die: Die, name: number): number | undefined {
  return follow(die, (row) => numberOf(row, name));
}
