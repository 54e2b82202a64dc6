import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** LOWEST is the nice value of what may wait: a weight of 15 beside 1024 (kernel/sched/core.c, sched_prio_to_weight). */
const LOWEST = 19;

/**
 * giveWay puts the calling thread, and those that it makes, to a nice value. What was started with a lower priority stays there
 * (`nice go3s up`): taking a higher one needs CAP_SYS_NICE.
 */
export function giveWay(nice: number): void {
  if (getPriority() < nice) setPriority(nice);
}

/** EnginePriority lets the engine give way to everything else on the machine while nobody waits for it. */
export interface EnginePriority {
  /** set moves all threads of the engine's process; those that it starts later inherit it. */
  set(mayWait: boolean): void;
}

/**
 * newEnginePriority makes one for whatever process `pid` gives at the time, which runs at `nice` otherwise. Where the
 * system does not let us take a low priority back (no CAP_SYS_NICE, see setpriority(2)), none is given.
 */
export function newEnginePriority(pid: () => number | undefined, nice: number): EnginePriority {
  let current: { readonly pid: number; readonly nice: number } | undefined;
  let isAllowed: boolean | undefined;
  return {
    set(mayWait) {
      const now = pid();
      if (now === undefined) return;
      const wanted = mayWait ? LOWEST : nice;
      if (current?.pid === now ? current.nice === wanted : !mayWait) return;
      isAllowed ??= mayRaise(now, nice);
      if (!isAllowed) return;
      current = { pid: now, nice: wanted };
      for (const thread of threadsOf(now)) {
        try {
          setPriority(thread, wanted);
        } catch {
          // The thread has ended since it was listed.
        }
      }
    },
  };
}

function mayRaise(pid: number, nice: number): boolean {
  try {
    setPriority(pid, nice - 1);
    setPriority(pid, nice);
    return true;
  } catch {
    return false;
  }
}

/** threadsOf lists them: setpriority(2) moves a single thread on Linux, whatever POSIX says of processes. */
function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}
