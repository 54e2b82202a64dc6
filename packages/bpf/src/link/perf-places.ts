import { readdirSync } from "node:fs";
import { BpfError } from "../errors.js";
import { onlineCpus } from "../maps/cpus.js";

/** PerfPlace is where one perf event counts. */
export interface PerfPlace {
  readonly pid: number;
  readonly cpu: number;
}

/** Threads that begin while a process's threads are being listed are found by listing again, at most so often. */
const LISTINGS = 8;

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch (cause) {
    throw new BpfError("not-found", `there is no process ${pid}`, { cause });
  }
}

/**
 * eachThread visits every thread of a process once; visit() says whether it was still there. Throws `not-found`
 * when none was.
 */
export function eachThread(pid: number, visit: (thread: number) => boolean): void {
  const seen = new Set<number>();
  let found = 0;
  for (let listing = 0; listing < LISTINGS; listing++) {
    const fresh = threadsOf(pid).filter((thread) => !seen.has(thread));
    if (fresh.length === 0) break;
    for (const thread of fresh) {
      seen.add(thread);
      if (visit(thread)) found++;
    }
  }
  if (found === 0) throw new BpfError("not-found", `process ${pid} has ended`);
}

/** everywhere gives a place for each processor, or for the one that was asked for. */
export function everywhere(cpu: number | undefined): PerfPlace[] {
  return (cpu === undefined ? onlineCpus() : [cpu]).map((one) => ({ pid: -1, cpu: one }));
}
