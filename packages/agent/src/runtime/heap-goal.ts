/** HeapFigures are what the garbage collector's goal is made of; bytes. */
export interface HeapFigures {
  readonly minor: number;
  readonly percentGoal: number;
  readonly sweepTrigger: number;
  readonly triggered: number;
  readonly memoryLimit: number;
  readonly heapMarked: number;
  readonly heapFree: number;
  readonly heapAlloc: number;
  readonly mappedReady: number;
}

// mgcpacer.go: minRunway, memoryLimitHeapGoalHeadroomPercent (since Go 1.21), memoryLimitMinHeapGoalHeadroom.
const runway = 64 << 10;
const headroomPercent = 3;
const leastHeadroom = 1 << 20;
// What the runtime writes for "never": all bits set, of 64 or of 63.
const never = 2 ** 62;

/** heapGoal is the heap's size at which the next collection shall be over; undefined when there is none. */
export function heapGoal(figures: HeapFigures): number | undefined {
  const { percentGoal, sweepTrigger, triggered } = figures;
  const limited = limitGoal(figures);
  if (limited < percentGoal) return limited;
  let goal = Math.max(percentGoal, sweepTrigger);
  if (triggered < never) goal = Math.max(goal, triggered + runway);
  return goal < never ? goal : undefined;
}

function limitGoal(figures: HeapFigures): number {
  const { memoryLimit, mappedReady, heapFree, heapAlloc, heapMarked, minor } = figures;
  if (memoryLimit >= never) return Number.POSITIVE_INFINITY;
  const besides = Math.max(0, mappedReady - heapFree - heapAlloc) + Math.max(0, mappedReady - memoryLimit);
  if (besides >= memoryLimit) return heapMarked;
  const room = memoryLimit - besides;
  const headroom = Math.max(leastHeadroom, minor < 21 ? 0 : Math.floor(room / 100) * headroomPercent);
  return Math.max(heapMarked, headroom, room - headroom);
}
