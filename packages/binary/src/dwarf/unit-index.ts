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
  const starts: number[] = [];
  const ends: number[] = [];
  const owners: number[] = [];
  const loose: number[] = [];
  for (let index = 0; index < units.count; index++) {
    try {
      const root = units.unit(index).root();
      if (root === undefined) continue;
      const ranges = rangesOf(root);
      if (ranges.length === 0 && hasAttribute(root, attribute.STMT_LIST)) loose.push(index);
      for (const { start, end } of ranges) {
        starts.push(start);
        ends.push(end);
        owners.push(index);
      }
    } catch (error) {
      // A broken unit's addresses stay unknown, as if it were not there.
      if (!(error instanceof BinaryError)) throw error;
    }
  }
  const order = Uint32Array.from(starts.keys()).sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0));
  const sortedStarts = Float64Array.from(order, (row) => starts[row] ?? 0);
  const sortedEnds = Float64Array.from(order, (row) => ends[row] ?? 0);
  const sortedOwners = Uint32Array.from(order, (row) => owners[row] ?? 0);
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
