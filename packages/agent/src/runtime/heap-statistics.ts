import { sizeClasses } from "../allocations/size-classes.js";
import type { GoLayout } from "./go-layout.js";
import { addressOfField, type GoPlan, numberAt } from "./go-plan.js";

/** HeapStatistics reads what Go's allocator counts (runtime.memstats.heapStats), out of a plan's memory. */
export interface HeapStatistics {
  /** isSettled is false while the runtime adds two generations together: what is read then counts twice. */
  isSettled(): boolean;
  stackBytes(): number;
  /** allocations counts objects by class of sizes (size-classes.ts); class 0 is what is larger. */
  allocations(): readonly number[];
}

// mstats.go: of three generations one is written, one holds all that was before, and the third is empty but while the runtime
// adds it to the second.
const generations = 3;

/** planHeapStatistics adds the statistics to a plan; undefined when the release's layout is unknown. */
export function planHeapStatistics(plan: GoPlan, layout: GoLayout, bias: number): HeapStatistics | undefined {
  const stacks = layout.field("runtime.heapStatsDelta", "inStacks");
  const large = layout.field("runtime.heapStatsDelta", "largeAllocCount");
  const small = layout.field("runtime.heapStatsDelta", "smallAllocCount");
  const size = layout.field("runtime.consistentHeapStats", "gen");
  const address = addressOfField(layout, bias, "runtime.memstats", "runtime.mstats", "heapStats");
  if (
    stacks === undefined ||
    large === undefined ||
    small === undefined ||
    size === undefined ||
    address === undefined
  )
    return undefined;
  const place = plan.at(address, size + 4);
  const one = size / generations;
  const fields = sizeClasses.map((_, i) => (i === 0 ? large : small + i * 8));
  const at = (generation: number, field: number): number =>
    numberAt(plan.view(), place + generation * one + field, "i64");
  const sum = (field: number): number => at(0, field) + at(1, field) + at(2, field);
  return {
    isSettled() {
      const current = numberAt(plan.view(), place + size, "u32") % generations;
      const third = (current + 1) % generations;
      return at(third, stacks) === 0 && fields.every((field) => at(third, field) === 0);
    },
    stackBytes: () => sum(stacks),
    allocations: () => fields.map(sum),
  };
}
