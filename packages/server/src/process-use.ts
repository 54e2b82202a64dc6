import { readFileSync } from "node:fs";

/** ProcessUse is what another process of this machine has used so far. */
export interface ProcessUse {
  readonly cpuMicros: number;
  readonly rssBytes: number;
}

// USER_HZ is 100 on every architecture that Node runs on (include/asm-generic/param.h), and so is a tick 10 ms.
const tickMicros = 10_000;
const kibibyte = 1024;

/** processUse reads a process's CPU time and memory from /proc; undefined where there is none or it has ended. */
export function processUse(pid: number | undefined): ProcessUse | undefined {
  if (pid === undefined) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name (field 2) may have spaces and brackets: fields are counted behind its last one. utime and stime are 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const rss = Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]);
    if (!Number.isFinite(ticks) || !Number.isFinite(rss)) return undefined;
    return { cpuMicros: ticks * tickMicros, rssBytes: rss * kibibyte };
  } catch {
    return undefined;
  }
}
