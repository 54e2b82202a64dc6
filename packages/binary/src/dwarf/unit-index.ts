import { grown, orderOf } from "../bytes/order.js";
import { segmentFlag, segmentType } from "../elf/constants.js";
import { BinaryError } from "../errors.js";
import { attribute } from "./constants.js";
import { hasAttribute } from "./die.js";
import { rangesOf } from "./ranges.js";
import type { UnitSet } from "./unit-set.js";

/** UnitIndex finds the unit that covers an address by the units' first entries alone: nothing else of them is read. */
export interface UnitIndex {
  /** at returns the numbers of the units that cover an address: one, seldom more. */
  at(address: number): number[];
  /** loose are units with a line table that do not say what code they cover (some assemblers'). */
  readonly loose: readonly number[];
}

/** lookBack bounds how many ranges before an address are asked: ranges of different units overlap only by mistake. */
const lookBack = 16;

/** indexUnits reads the first entry of every unit. Broken units are left out: the others still answer. */
export function indexUnits(units: UnitSet): UnitIndex {
  let starts = new Float64Array(units.count * 2);
  let ends = new Float64Array(units.count * 2);
  let owners = new Float64Array(units.count * 2);
  let count = 0;
  // What the linker discarded has ranges from 0 or 1 on: in C++ programs five times as many as those of code that is there.
  const code = units.file.elf.segments.filter(
    (row) => row.type === segmentType.LOAD && (row.flags & segmentFlag.EXEC) !== 0,
  );
  const isCode = (start: number) =>
    code.length === 0 || code.some((row) => start >= row.address && start - row.address < row.memorySize);
  const loose: number[] = [];
  for (let index = 0; index < units.count; index++) {
    try {
      const root = units.unit(index).root();
      if (root === undefined) continue;
      const ranges = rangesOf(root);
      if (ranges.length === 0 && hasAttribute(root, attribute.STMT_LIST)) loose.push(index);
      for (const { start, end } of ranges) {
        if (!isCode(start)) continue;
        starts = grown(starts, count);
        ends = grown(ends, count);
        owners = grown(owners, count);
        starts[count] = start;
        ends[count] = end;
        owners[count++] = index;
      }
    } catch (error) {
      // A broken unit's addresses stay unknown, as if it were not there.
      if (!(error instanceof BinaryError)) throw error;
    }
  }
  const order = orderOf(starts, count);
  return lookup(
    pick(starts, order),
    pick(ends, order),
    Uint32Array.from(order, (row) => owners[row] ?? 0),
    loose,
  );
}

const pick = (column: Float64Array, order: Uint32Array) =>
  Float64Array.from(order, (row) => column[row] ?? 0);

/** lookup keeps only the sorted columns alive: 20 bytes a range. */
function lookup(
  sortedStarts: Float64Array,
  sortedEnds: Float64Array,
  sortedOwners: Uint32Array,
  loose: readonly number[],
): UnitIndex {
  return {
    loose,
    at(address) {
      let low = 0;
      let high = sortedStarts.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((sortedStarts[middle] ?? 0) <= address) low = middle + 1;
        else high = middle;
      }
      const found: number[] = [];
      for (let i = low - 1; i >= 0 && i >= low - lookBack; i--) {
        const owner = sortedOwners[i] ?? 0;
        if (address < (sortedEnds[i] ?? 0) && !found.includes(owner)) found.push(owner);
      }
      return found;
    },
  };
}
