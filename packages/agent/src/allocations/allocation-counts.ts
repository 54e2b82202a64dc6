import type { GoLayout } from "../runtime/go-layout.js";
import { newGoPlan } from "../runtime/go-plan.js";
import { planHeapStatistics } from "../runtime/heap-statistics.js";

/** AllocationCounts reads how many objects of each class of sizes a Go process has allocated so far. */
export interface AllocationCounts {
  /** read gives the counts by class (class 0: larger ones); undefined when the process is gone. */
  read(): readonly number[] | undefined;
}

// A thread that was interrupted while it adds the counts together goes on within milliseconds.
const tries = 50;
const betweenTriesMs = 1;
const asleep = new Int32Array(new SharedArrayBuffer(4));

/** newAllocationCounts plans the reading; undefined when the release's layout is unknown. */
export function newAllocationCounts(
  pid: number,
  layout: GoLayout,
  bias: number,
): AllocationCounts | undefined {
  const plan = newGoPlan(pid);
  const statistics = planHeapStatistics(plan, layout, bias);
  if (statistics === undefined) return undefined;
  return {
    read() {
      for (let i = 0; i < tries; i++) {
        if (!plan.read()) return undefined;
        if (statistics.isSettled()) break;
        Atomics.wait(asleep, 0, 0, betweenTriesMs);
      }
      return statistics.allocations();
    },
  };
}
