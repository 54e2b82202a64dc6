import { BinaryError } from "../errors.js";
import { attribute, tag } from "./constants.js";
import { numberOf, readDie } from "./die.js";
import { type Cursor, uleb } from "./leb.js";
import type { DebugUnit, Die } from "./model.js";
import { type AddressRange, rangesOf } from "./ranges.js";
import { skipAttributes } from "./shapes.js";

/** Scope is a function, an inlined copy of one or a block, with the code it covers. */
export interface Scope {
  readonly tag: number;
  /** at is the entry's position in its unit. */
  readonly at: number;
  /** parent is the scope around it, -1 for a function. */
  readonly parent: number;
  readonly ranges: readonly AddressRange[];
  /** end is one behind the last scope inside this one. */
  end: number;
}

/** UnitScopes are the scopes of one unit that have code, in the order of their entries. */
export interface UnitScopes {
  readonly unit: DebugUnit;
  readonly scopes: readonly Scope[];
  /** at returns the scopes around an address, the function first; none when no function of the unit covers it. */
  at(address: number): Scope[];
}

const scopeTags: ReadonlySet<number> = new Set<number>([
  tag.SUBPROGRAM,
  tag.INLINED_SUBROUTINE,
  tag.LEXICAL_BLOCK,
]);

/** Types hold no code, so their members are passed over where the producer says how far (GCC does). */
const typeTags: ReadonlySet<number> = new Set<number>([tag.STRUCTURE, tag.CLASS, tag.UNION, tag.ENUMERATION]);

function covers(ranges: readonly AddressRange[], address: number): boolean {
  return ranges.some((row) => address >= row.start && address < row.end);
}

function siblingOf(die: Die, end: number): number | undefined {
  const sibling = numberOf(die, attribute.SIBLING);
  return sibling !== undefined && sibling > die.end && sibling <= end ? sibling : undefined;
}

function collect(unit: DebugUnit): Scope[] {
  const bytes = unit.bytes();
  const end = bytes.data.length;
  const { header } = unit;
  const shapes = unit.shapes();
  const cursor: Cursor = { bytes, at: header.entries - header.start };
  const scopes: Scope[] = [];
  // around[depth] is the scope that entries of that depth are in; opened[depth] the one whose children they are.
  const around: number[] = [-1];
  const opened: number[] = [-1];
  while (cursor.at < end) {
    const at = cursor.at;
    const code = uleb(cursor);
    if (code === 0) {
      const closed = opened.pop() ?? -1;
      around.pop();
      const scope = scopes[closed];
      if (scope !== undefined) scope.end = scopes.length;
      if (around.length === 0) break;
      continue;
    }
    const shape = shapes.get(code);
    if (shape === undefined) {
      throw new BinaryError("malformed", `${bytes.what}: abbreviation ${code} is not defined`, {
        offset: bytes.base + at,
      });
    }
    const parent = around[around.length - 1] ?? -1;
    let inside = parent;
    let own = -1;
    if (scopeTags.has(shape.tag)) {
      const die = readDie(unit, bytes, at);
      const ranges = die === undefined ? [] : rangesOf(die);
      cursor.at = die?.end ?? end;
      if (ranges.length > 0 && (shape.tag === tag.SUBPROGRAM || parent >= 0)) {
        own = scopes.length;
        inside = own;
        scopes.push({
          tag: shape.tag,
          at,
          parent: shape.tag === tag.SUBPROGRAM ? -1 : parent,
          ranges,
          end: own + 1,
        });
      }
    } else if (typeTags.has(shape.tag) && shape.attributes.includes(attribute.SIBLING)) {
      const die = readDie(unit, bytes, at);
      const sibling = die === undefined ? undefined : siblingOf(die, end);
      cursor.at = sibling ?? die?.end ?? end;
      if (sibling !== undefined) continue;
    } else skipAttributes(cursor, header, shape);
    if (shape.children) {
      around.push(inside);
      opened.push(own);
    }
  }
  return scopes;
}

/** readScopes walks a unit once. */
export function readScopes(unit: DebugUnit): UnitScopes {
  const scopes = collect(unit);
  const rows: { start: number; end: number; scope: number }[] = [];
  for (const [index, scope] of scopes.entries()) {
    if (scope.parent >= 0) continue;
    for (const { start, end } of scope.ranges) rows.push({ start, end, scope: index });
  }
  rows.sort((a, b) => a.start - b.start);

  const functionAt = (address: number): number => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((rows[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    // Functions do not overlap in what compilers write; a few back are asked for the sake of discarded ones at 0.
    for (let i = low - 1; i >= 0 && i >= low - 8; i--) {
      const row = rows[i];
      if (row !== undefined && address < row.end) return row.scope;
    }
    return -1;
  };

  return {
    unit,
    scopes,
    at(address) {
      let current = functionAt(address);
      const fn = scopes[current];
      if (fn === undefined) return [];
      const chain = [fn];
      for (let i = current + 1; i < fn.end; i++) {
        const scope = scopes[i];
        if (scope === undefined || scope.parent !== current || !covers(scope.ranges, address)) continue;
        chain.push(scope);
        current = i;
      }
      return chain;
    },
  };
}

/** scopeDie reads a scope's entry. */
export function scopeDie(unit: DebugUnit, scope: Scope): Die | undefined {
  return readDie(unit, unit.bytes(), scope.at);
}
