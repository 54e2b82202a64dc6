import type { GoLayout } from "./go-layout.js";
import { addressOfField, newGoPlan, numberAt } from "./go-plan.js";

/** Processors reads the run queues and states of a Go scheduler's Ps, and the last garbage collection's times. */
export interface Processors {
  /** sample reads them all in one call; false when the process is gone. */
  sample(): boolean;
  readonly count: number;
  /** queued is the number of goroutines that wait for a processor. */
  queued(): number;
  /** states counts processors by state. */
  states(): Readonly<Record<ProcessorState, number>>;
  /** freeGoroutines counts the ended goroutines that the processors keep for use again; undefined when unknown. */
  freeGoroutines(): number | undefined;
  /** cycle gives the last garbage collection's start and end (CLOCK_MONOTONIC, ns); undefined when unknown or under way. */
  cycle(): { readonly start: number; readonly end: number } | undefined;
}

/** ProcessorState is what a P does; Go 1.26 has no "syscall" any more. */
export type ProcessorState = "idle" | "running" | "syscall" | "gc_stop";

// runtime2.go, _Pidle and the ones behind it.
const stateNames: readonly ProcessorState[] = ["idle", "running", "syscall", "gc_stop"];

/** newProcessors plans to read the Ps at `pointers`; undefined when their layout is unknown. */
export function newProcessors(
  pid: number,
  layout: GoLayout,
  bias: number,
  pointers: readonly number[],
): Processors | undefined {
  const head = layout.field("runtime.p", "runqhead");
  const tail = layout.field("runtime.p", "runqtail");
  const next = layout.field("runtime.p", "runnext");
  const status = layout.field("runtime.p", "status");
  const free = layout.field("runtime.p", "gFree.size") ?? layout.field("runtime.p", "gFree.n");
  // The queue's two ends are read as one piece, so that they are of one moment.
  if (head === undefined || tail !== head + 4 || next === undefined || status === undefined) return undefined;
  const plan = newGoPlan(pid);
  const rows = pointers.map((p) => ({
    status: plan.at(p + status, 4),
    queue: plan.at(p + head, 8),
    next: plan.at(p + next, 8),
    free: free === undefined ? -1 : plan.at(p + free, 4),
  }));
  const global =
    addressOfField(layout, bias, "runtime.sched", "runtime.schedt", "runq.size") ??
    addressOfField(layout, bias, "runtime.sched", "runtime.schedt", "runqsize");
  const globalAt = global === undefined ? -1 : plan.at(global, 4);
  const began = addressOfField(layout, bias, "runtime.work", "runtime.workType", "tSweepTerm");
  const beganAt = began === undefined ? -1 : plan.at(began, 8);
  const ended = addressOfField(layout, bias, "runtime.work", "runtime.workType", "tEnd");
  const endedAt = ended === undefined ? -1 : plan.at(ended, 8);

  return {
    count: rows.length,
    sample: () => plan.read(),
    queued() {
      const view = plan.view();
      let queued = globalAt < 0 ? 0 : Math.max(0, view.getInt32(globalAt, true));
      for (const row of rows) {
        // Both run over 2^32 one day; their difference does not.
        queued += (view.getUint32(row.queue + 4, true) - view.getUint32(row.queue, true)) >>> 0;
        if (view.getBigUint64(row.next, true) !== 0n) queued++;
      }
      return queued;
    },
    states() {
      const counts: Record<ProcessorState, number> = { idle: 0, running: 0, syscall: 0, gc_stop: 0 };
      for (const row of rows) {
        const name = stateNames[plan.view().getUint32(row.status, true)];
        if (name !== undefined) counts[name]++;
      }
      return counts;
    },
    freeGoroutines() {
      if (free === undefined) return undefined;
      let sum = 0;
      for (const row of rows) sum += plan.view().getInt32(row.free, true);
      return sum;
    },
    cycle() {
      if (beganAt < 0 || endedAt < 0) return undefined;
      const start = numberAt(plan.view(), beganAt, "i64");
      const end = numberAt(plan.view(), endedAt, "i64");
      return start > 0 && end > start ? { start, end } : undefined;
    },
  };
}
