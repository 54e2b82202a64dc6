import { readFileSync } from "node:fs";
import { hostProc, type ProcSource } from "../discovery/proc.js";

/**
 * cgroupFolder gives the folder of a process's cgroup in the unified hierarchy that is mounted at `root`; undefined for a
 * process that has ended, or whose cgroup lies outside of our own cgroup namespace.
 */
export function cgroupFolder(pid: number, root: string, proc: ProcSource = hostProc): string | undefined {
  let text: string;
  try {
    text = readFileSync(`${proc.root}/${pid}/cgroup`, "utf8");
  } catch {
    return undefined;
  }
  // cgroups(7): the unified hierarchy has number 0 and no controllers in this list.
  const path = /^0::(\/.*)$/m.exec(text)?.[1]?.replace(/ \(deleted\)$/, "");
  if (path === undefined || path.startsWith("/..")) return undefined;
  return path === "/" ? root : root + path;
}
