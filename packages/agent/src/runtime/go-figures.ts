import { processMemory } from "@go3s/bpf";
import type { GoLayout } from "./go-layout.js";
import { addressOfField, type Figure, type Kind, newGoPlan, numberAt, planned } from "./go-plan.js";
import { type GoroutineReader, type GoroutineStates, newGoroutineReader } from "./goroutines.js";
import { heapGoal } from "./heap-goal.js";
import { planHeapStatistics } from "./heap-statistics.js";
import { newPauses, type Pause } from "./pauses.js";
import { newProcessors, type ProcessorState, type Processors } from "./processors.js";
import type { GoGlobal, GoStruct } from "./wanted.js";

/** GoFigures is what a Go program's runtime says of itself at one moment; undefined where its release does not say. */
export interface GoFigures {
  readonly goroutines: number | undefined;
  readonly states: GoroutineStates | undefined;
  readonly processorLimit: number | undefined;
  readonly processors: Readonly<Record<ProcessorState, number>> | undefined;
  readonly threads: { readonly all: number; readonly idle: number; readonly spinning: number } | undefined;
  /** stack and other are bytes in use. */
  readonly stackBytes: number | undefined;
  readonly otherBytes: number | undefined;
  readonly liveBytes: number | undefined;
  readonly memoryLimit: number | undefined;
  readonly allocatedBytes: number | undefined;
  readonly allocations: number | undefined;
  /** allocationsBySize counts allocations by class of sizes (allocations/size-classes.ts); class 0 is what is larger. */
  readonly allocationsBySize: readonly number[] | undefined;
  readonly heapGoal: number | undefined;
  readonly gogc: number | undefined;
  readonly cycles: number | undefined;
  /** pauses are those since the last look, oldest first. */
  readonly pauses: readonly Pause[];
  /** delays counts goroutines by how long they waited for a processor, as the runtime's histogram has it. */
  readonly delays: readonly number[] | undefined;
}

/** GoReader reads one Go process's runtime, without stopping it. */
export interface GoReader {
  /** sampleQueues reads the run queues: many times a second. Gives the number of goroutines that wait, undefined when unknown. */
  sampleQueues(): number | undefined;
  /** lastCycle gives the last garbage collection as the last sampleQueues() saw it. */
  lastCycle(): { readonly start: number; readonly end: number } | undefined;
  /** read reads everything; undefined when the process is gone. */
  read(): GoFigures | undefined;
}

// Go 1.20 and newer keep 40 powers of two with 4 steps each (histogram.go); older ones something else.
const delayBuckets = 160;
// Ps are as many as GOMAXPROCS; nobody has more processors than this.
const mostProcessors = 4096;

/** newGoReader plans what is read of a process whose program has this layout and is loaded `bias` above its addresses. */
export function newGoReader(pid: number, layout: GoLayout, bias: number): GoReader {
  const plan = newGoPlan(pid);
  const figure = (global: GoGlobal, struct: GoStruct, path: string, kind: Kind): Figure | undefined =>
    planned(plan, layout, bias, [global, struct, path], kind);
  const sched = (path: string) => figure("runtime.sched", "runtime.schedt", path, "i32");
  const collector = (path: string, kind: Kind = "u64") =>
    figure("runtime.gcController", "runtime.gcControllerState", path, kind);
  const block = (address: number | undefined, length: number): number =>
    address === undefined ? -1 : plan.at(address, length);
  const start = (name: GoGlobal): number | undefined => {
    const address = layout.globals.get(name);
    return address === undefined ? undefined : address + bias;
  };

  const allgs = block(start("runtime.allgs"), 16);
  const allp = block(start("runtime.allp"), 16);
  const limit = block(start("runtime.gomaxprocs"), 4);
  const systemGoroutines = sched("ngsys");
  const freeWithStack = sched("gFree.stack.size") ?? sched("gFree.n");
  const freeWithout = sched("gFree.noStack.size");
  const made = figure("runtime.sched", "runtime.schedt", "mnext", "i64");
  const freed = figure("runtime.sched", "runtime.schedt", "nmfreed", "i64");
  const idle = sched("nmidle");
  const spinning = sched("nmspinning");
  const cycles = figure("runtime.memstats", "runtime.mstats", "numgc", "u32");
  const gogc = collector("gcPercent", "i32");
  const heap = {
    percentGoal: collector("gcPercentHeapGoal"),
    sweepTrigger: collector("sweepDistMinTrigger"),
    triggered: collector("triggered"),
    memoryLimit: collector("memoryLimit", "i64"),
    heapMarked: collector("heapMarked"),
    heapFree: collector("heapFree"),
    mappedReady: collector("mappedReady"),
  };
  const allocated = collector("totalAlloc");
  const released = collector("totalFree");
  const delays =
    layout.field("runtime.timeHistogram", "underflow") === delayBuckets * 8
      ? block(addressOfField(layout, bias, "runtime.sched", "runtime.schedt", "timeToRun"), delayBuckets * 8)
      : -1;
  const statistics = planHeapStatistics(plan, layout, bias);
  // Before, the allocator counted what it handed to a processor's cache, not what was allocated from there.
  const countsObjects = layout.minor >= 19;
  const pauses = newPauses(pid, layout, bias);
  const goroutines: GoroutineReader | undefined = newGoroutineReader(pid, layout);
  let processors: Processors | undefined;
  let known = "";

  /** follow finds the Ps again when there are more or fewer of them. */
  const follow = (): void => {
    if (allp < 0) return;
    const list = numberAt(plan.view(), allp, "u64");
    const count = numberAt(plan.view(), allp + 8, "u64");
    if (known === `${list}:${count}` || list === 0 || count === 0 || count > mostProcessors) return;
    const pointers = processMemory(pid, [{ address: list, length: count * 8 }]);
    if (!pointers.read()) return;
    const all = Array.from({ length: count }, (_, i) => Number(pointers.view.getBigUint64(i * 8, true)));
    // A P that is being made is not there yet: it is looked for again.
    if (all.includes(0)) return;
    processors = newProcessors(pid, layout, bias, all);
    known = `${list}:${count}`;
  };

  const countOf = (): number | undefined => {
    const kept = processors?.freeGoroutines();
    if (allgs < 0 || kept === undefined || freeWithStack === undefined || systemGoroutines === undefined)
      return undefined;
    const all = numberAt(plan.view(), allgs + 8, "u64");
    return Math.max(1, all - kept - freeWithStack() - (freeWithout?.() ?? 0) - systemGoroutines());
  };

  return {
    sampleQueues: () => (processors?.sample() === true ? processors.queued() : undefined),
    lastCycle: () => processors?.cycle(),
    read() {
      if (!plan.read()) return undefined;
      follow();
      const isFresh = processors?.sample() === true;
      const view = plan.view();
      const settled = statistics?.isSettled() === true ? statistics : undefined;
      const stack = settled?.stackBytes();
      const bySize = countsObjects ? settled?.allocations() : undefined;
      const ready = heap.mappedReady?.();
      const goal = goalOf();
      const limitBytes = heap.memoryLimit?.();
      const percent = gogc?.();
      return {
        goroutines: isFresh ? countOf() : undefined,
        states:
          allgs < 0
            ? undefined
            : goroutines?.read(numberAt(view, allgs, "u64"), numberAt(view, allgs + 8, "u64")),
        processorLimit: limit < 0 ? undefined : view.getInt32(limit, true),
        processors: isFresh ? processors?.states() : undefined,
        threads:
          made === undefined || freed === undefined || idle === undefined || spinning === undefined
            ? undefined
            : { all: made() - freed(), idle: idle(), spinning: spinning() },
        stackBytes: stack,
        otherBytes: stack === undefined || ready === undefined ? undefined : Math.max(0, ready - stack),
        liveBytes: heap.heapMarked?.(),
        memoryLimit: limitBytes === undefined || limitBytes >= 2 ** 62 ? undefined : limitBytes,
        allocatedBytes: allocated?.(),
        allocations: bySize?.reduce((sum, count) => sum + count, 0),
        allocationsBySize: bySize,
        heapGoal: goal,
        gogc: percent === undefined || percent < 0 ? undefined : percent,
        cycles: cycles?.(),
        pauses: cycles === undefined ? [] : pauses.since(cycles()),
        delays:
          delays < 0
            ? undefined
            : Array.from({ length: delayBuckets }, (_, i) => numberAt(view, delays + i * 8, "u64")),
      };
    },
  };

  function goalOf(): number | undefined {
    const { percentGoal, sweepTrigger, triggered, memoryLimit, heapMarked, heapFree, mappedReady } = heap;
    if (
      percentGoal === undefined ||
      sweepTrigger === undefined ||
      triggered === undefined ||
      memoryLimit === undefined ||
      heapMarked === undefined ||
      heapFree === undefined ||
      mappedReady === undefined ||
      allocated === undefined ||
      released === undefined
    )
      return undefined;
    return heapGoal({
      minor: layout.minor,
      percentGoal: percentGoal(),
      sweepTrigger: sweepTrigger(),
      triggered: triggered(),
      memoryLimit: memoryLimit(),
      heapMarked: heapMarked(),
      heapFree: heapFree(),
      heapAlloc: allocated() - released(),
      mappedReady: mappedReady(),
    });
  }
}
