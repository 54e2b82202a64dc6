import { readdirSync, readFileSync } from "node:fs";

/** ticksPerSecond is USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** ProcessCost is CPU time and memory of one process. */
export interface ProcessCost {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly peakBytes: number;
}

/** costOf reads a process's CPU time (all threads, user and system) and memory; zeros for one that is gone. */
export function costOf(pid: number): ProcessCost {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kib = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      rssBytes: kib("VmRSS") * 1024,
      peakBytes: kib("VmHWM") * 1024,
    };
  } catch {
    return { cpuSeconds: 0, rssBytes: 0, peakBytes: 0 };
  }
}

/** ProcessInfo is a descendant with its command line. */
export interface ProcessInfo {
  readonly pid: number;
  readonly command: string;
}

/** descendants lists a process and all its children, grandchildren and so on. */
export function descendants(pid: number): ProcessInfo[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It ended between the listing and the look.
    }
  }
  const found = [pid];
  for (let i = 0; i < found.length; i++) {
    for (const [child, parent] of parents) if (parent === found[i]) found.push(child);
  }
  return found.map((each) => ({ pid: each, command: commandOf(each) }));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

/** median of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** pause waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
