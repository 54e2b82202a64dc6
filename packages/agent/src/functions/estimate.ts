import type { FunctionPlan } from "./plan.js";

// Measured on a 2-core virtual machine, kernel 6.18 (README of packages/binary): an emulated instruction, and one that
// must be single-stepped. A return probe costs about as much as the first.
const emulatedNs = 500;
const steppedNs = 16_000;

/** callCostNs is what observing one call of a function costs its process, in nanoseconds. */
export function callCostNs({ entryIsCheap, returns, uretprobe }: FunctionPlan): number {
  const entry = entryIsCheap ? emulatedNs : steppedNs;
  const end = uretprobe ? emulatedNs : returns.length > 0 ? steppedNs : 0;
  return entry + end;
}

/** Hotness is how often a function was called while its calls were only counted. */
export interface Hotness {
  readonly plan: FunctionPlan;
  readonly perSecond: number;
}

/** Choice is what may be attached within a limit, and what to tell about it. */
export interface Choice {
  readonly kept: readonly FunctionPlan[];
  readonly notes: readonly string[];
}

/** chooseWithin leaves out the hottest functions until the rest stays below `limit` calls a second. */
export function chooseWithin(hotness: readonly Hotness[], limit: number): Choice {
  const notes: string[] = [];
  const sorted = [...hotness].sort((a, b) => a.perSecond - b.perSecond);
  let total = sorted.reduce((sum, { perSecond }) => sum + perSecond, 0);
  while (total > limit) {
    const hottest = sorted.pop();
    if (hottest === undefined) break;
    total -= hottest.perSecond;
    notes.push(
      `${hottest.plan.name}: ${rate(hottest.perSecond)} are more than --func-limit ${limit}: it is not observed`,
    );
  }
  const share = sorted.reduce((sum, each) => sum + (each.perSecond * callCostNs(each.plan)) / 1e9, 0);
  // Below a hundredth of a CPU nobody needs to be warned.
  if (share >= 0.01) {
    const hottest = sorted.at(-1);
    const most = hottest === undefined ? "" : `, most of them ${hottest.plan.name}`;
    notes.push(`observing ${rate(total)}${most}, will cost about ${Math.round(share * 100)} % of a CPU`);
  }
  return { kept: sorted.map(({ plan }) => plan).sort((a, b) => a.id - b.id), notes };
}

const rate = (perSecond: number): string => `${Math.round(perSecond)} calls a second`;
