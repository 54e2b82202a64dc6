import { newExponential } from "../declared/exponential.js";
import { allocationPoint } from "./allocation-sizes.js";
import { delayPoint } from "./delay-histogram.js";
import type { GoFigures, GoReader } from "./go-figures.js";
import type { Pause } from "./pauses.js";
import { type PointList, textAttributes } from "./point-list.js";

/** GoRuntime tells one Go process's figures as metrics. */
export interface GoRuntime {
  /** look reads the run queues and the last collection; ten times a second. */
  look(): void;
  /** tell puts the figures of now into a list; once a second. Gives the pauses since the last time; undefined when the process is gone. */
  tell(points: PointList): readonly Pause[] | undefined;
}

const memoryType = {
  stack: textAttributes({ "go.memory.type": "stack" }),
  other: textAttributes({ "go.memory.type": "other" }),
};
const stateOf = memo((state) => textAttributes({ "go3s.goroutine.state": state }));
const reasonOf = memo((reason) => textAttributes({ "go3s.goroutine.wait_reason": reason }));
const processorOf = memo((state) => textAttributes({ "go3s.processor.state": state }));
const threadOf = memo((state) => textAttributes({ "go3s.thread.state": state }));

function memo<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) {
      found = make(key);
      known.set(key, found);
    }
    return found;
  };
}

/** newGoRuntime tells what `reader` reads. */
export function newGoRuntime(reader: GoReader): GoRuntime {
  const pauses = newExponential();
  const cycles = newExponential();
  const reasons = new Set<string>();
  // Since they were told last: a histogram that stays as it is says nothing new.
  const counted = { pauses: 0, cycles: 0 };
  let looks = 0;
  let queued = 0;
  let peak = 0;
  let lastEnd = 0;

  const look = (): void => {
    const length = reader.sampleQueues();
    if (length === undefined) return;
    looks++;
    queued += length;
    peak = Math.max(peak, length);
    const cycle = reader.lastCycle();
    if (cycle === undefined || cycle.end === lastEnd) return;
    // The one that was over before we came is nobody's.
    if (lastEnd > 0) {
      cycles.add((cycle.end - cycle.start) / 1e9);
      counted.cycles++;
    }
    lastEnd = cycle.end;
  };

  return {
    look,
    tell(points) {
      const figures = reader.read();
      if (figures === undefined) return undefined;
      if (looks === 0) look();
      for (const pause of figures.pauses) {
        pauses.add(pause.nanoseconds / 1e9);
        counted.pauses++;
      }
      tellFigures(figures, reasons, points);
      if (looks > 0) {
        points.add("go3s.scheduler.runqueue.length", queued / looks, [], false);
        points.add("go3s.scheduler.runqueue.peak", peak);
      }
      looks = 0;
      queued = 0;
      peak = 0;
      if (counted.pauses > 0) points.exponential("go.gc.pause.duration", pauses.point());
      if (counted.cycles > 0) points.exponential("go.gc.cycle.duration", cycles.point());
      counted.pauses = 0;
      counted.cycles = 0;
      return figures.pauses;
    },
  };
}

function tellFigures(figures: GoFigures, reasons: Set<string>, points: PointList): void {
  points.add("go.goroutine.count", figures.goroutines);
  points.add("go3s.goroutines.count", figures.goroutines);
  points.add("go.processor.limit", figures.processorLimit);
  points.add("go.memory.used", figures.stackBytes, memoryType.stack);
  points.add("go.memory.used", figures.otherBytes, memoryType.other);
  points.add("go.memory.limit", figures.memoryLimit);
  points.add("go.memory.allocated", figures.allocatedBytes);
  points.add("go.memory.allocations", figures.allocations);
  points.add("go.memory.gc.goal", figures.heapGoal);
  points.add("go.config.gogc", figures.gogc);
  points.add("go.memory.gc.cycles", figures.cycles);
  points.add("go3s.heap.alloc_bytes.total", figures.allocatedBytes);
  points.add("go3s.heap.live_bytes", figures.liveBytes);
  if (figures.allocationsBySize !== undefined)
    points.histogram("go3s.heap.allocation.size", allocationPoint(figures.allocationsBySize));
  if (figures.delays !== undefined) points.histogram("go.schedule.duration", delayPoint(figures.delays));
  const { states, processors, threads } = figures;
  if (states !== undefined) {
    for (const state of ["running", "runnable", "syscall", "waiting"] as const)
      points.add("go3s.goroutines.state", states[state], stateOf(state));
    // A reason that nobody waits for any more is told as 0, or it would stay what it was.
    for (const reason of states.reasons.keys()) reasons.add(reason);
    for (const reason of reasons)
      points.add("go3s.goroutines.waiting", states.reasons.get(reason) ?? 0, reasonOf(reason));
  }
  for (const [state, count] of Object.entries(processors ?? {}))
    points.add("go3s.scheduler.processors", count, processorOf(state));
  if (threads !== undefined) {
    const { all, idle, spinning } = threads;
    points.add("go3s.scheduler.threads", Math.max(0, all - idle - spinning), threadOf("active"));
    points.add("go3s.scheduler.threads", idle, threadOf("idle"));
    points.add("go3s.scheduler.threads", spinning, threadOf("spinning"));
  }
}
