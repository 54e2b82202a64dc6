import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** isAlive says whether a process runs; one that only waits to be collected by its parent has ended. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** descendantsOf lists the processes below one, parents first. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while the list was read.
    }
  }
  const found: number[] = [];
  for (let next = [pid]; next.length > 0; next = next.flatMap((each) => children.get(each) ?? []))
    found.push(...next);
  return found.slice(1);
}

/** heldByKernel counts the BPF programs, maps and links that the file descriptors of some processes hold. */
export function heldByKernel(pids: readonly number[]): number {
  let held = 0;
  for (const pid of pids)
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        if (/^anon_inode:(?:bpf[-_]|\[bpf)/.test(readlinkSync(`/proc/${pid}/fd/${fd}`))) held++;
      } catch {
        // Closed meanwhile.
      }
    }
  return held;
}
