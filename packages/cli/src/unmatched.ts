import { readFileSync, readlinkSync } from "node:fs";
import type { Selection } from "@go3s/agent";

/** whyNotPid says why a process that was asked for by its number is not observed. */
export function whyNotPid(pid: number, proc = "/proc"): string {
  try {
    readlinkSync(`${proc}/${pid}/exe`);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EACCES" || code === "EPERM")
      return `process ${pid} may not be looked at: run as root, or give go3s CAP_SYS_PTRACE`;
    return exists(pid, proc)
      ? `process ${pid} is the kernel's own, or has ended`
      : `there is no process ${pid}`;
  }
  return `process ${pid} is excluded, part of Go3s, or may not be looked at`;
}

function exists(pid: number, proc: string): boolean {
  try {
    readFileSync(`${proc}/${pid}/stat`);
    return true;
  } catch {
    return false;
  }
}

/** unmatchedPids says of each process that was asked for by its number, and is not watched, why. */
export function unmatchedPids({ pids }: Selection, watched: ReadonlySet<number>, proc = "/proc"): string[] {
  return (pids ?? []).filter((pid) => !watched.has(pid)).map((pid) => whyNotPid(pid, proc));
}

/** unmatched is the same for a selection of which nothing is watched: what there is none of. */
export function unmatched(selection: Selection, proc = "/proc"): string {
  const ports = (selection.ports ?? []).map(
    (port) => `no process that may be looked at listens on port ${port}`,
  );
  const why = [...unmatchedPids(selection, new Set(), proc), ...ports];
  return why.length === 0 ? "no running process matches" : why.join("; ");
}
