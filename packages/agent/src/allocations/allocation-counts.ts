import type { GoLayout } from "../runtime/go-layout.js";
import { addressOfField, newGoPlan, numberAt } from "../runtime/go-plan.js";
import { sizeClasses } from "./size-classes.js";

/** AllocationCounts reads how many objects of each class of sizes a Go process has allocated so far. */
export interface AllocationCounts {
  /** read gives the counts by class (class 0: larger ones); undefined when the process is gone. */
  read(): readonly number[] | undefined;
}

// mstats.go: three generations, whose sum is what has been counted. One is written, one holds all that was before, and the
// third is empty but while the runtime adds it to the second: then it counts twice.
const generations = 3;
// A thread that was interrupted in between goes on within milliseconds.
const tries = 50;
const betweenTriesMs = 1;
const asleep = new Int32Array(new SharedArrayBuffer(4));

/** newAllocationCounts plans the reading; undefined when the release's layout is unknown. */
export function newAllocationCounts(
  pid: number,
  layout: GoLayout,
  bias: number,
): AllocationCounts | undefined {
  const large = layout.field("runtime.heapStatsDelta", "largeAllocCount");
  const small = layout.field("runtime.heapStatsDelta", "smallAllocCount");
  const size = layout.field("runtime.consistentHeapStats", "gen");
  const address = addressOfField(layout, bias, "runtime.memstats", "runtime.mstats", "heapStats");
  if (large === undefined || small === undefined || size === undefined || address === undefined)
    return undefined;
  const plan = newGoPlan(pid);
  const place = plan.at(address, size + 4);
  const one = size / generations;
  const at = (generation: number, field: number): number =>
    numberAt(plan.view(), place + generation * one + field, "i64");
  const fields = sizeClasses.map((_, i) => (i === 0 ? large : small + i * 8));

  /** isSettled: nothing is counted twice now. */
  const isSettled = (): boolean => {
    const current = numberAt(plan.view(), place + size, "u32") % generations;
    const third = (current + 1) % generations;
    return fields.every((field) => at(third, field) === 0);
  };

  return {
    read() {
      for (let i = 0; i < tries; i++) {
        if (!plan.read()) return undefined;
        if (isSettled()) break;
        Atomics.wait(asleep, 0, 0, betweenTriesMs);
      }
      return fields.map((field) => at(0, field) + at(1, field) + at(2, field));
    },
  };
}
