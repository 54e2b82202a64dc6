import { readFileSync } from "node:fs";

/** ProcessIdentity names one process for ever: a pid alone is given out again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** startTicks is the time of its start in clock ticks since boot (proc_pid_stat(5), field 22). */
  readonly startTicks: number;
  readonly command: string;
}

/** identityOf reads who the process `pid` is, or gives undefined when there is none or it has ended (a zombie). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may hold spaces and parentheses: fields are counted from the last one on.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
    return { pid, startTicks: Number(fields[19]), command };
  } catch {
    return undefined;
  }
}

/** isRunning says whether that very process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startTicks === identity.startTicks;
}

/** parseIdentity reads an identity from JSON text, or gives undefined when it is none. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    if (!("pid" in value && "startTicks" in value && "command" in value)) return undefined;
    const { pid, startTicks, command } = value;
    if (typeof pid !== "number" || typeof startTicks !== "number" || typeof command !== "string")
      return undefined;
    return { pid, startTicks, command };
  } catch {
    return undefined;
  }
}
