import { attachUprobeMulti, isStaleProcess, type Link, type Program } from "@go3s/bpf";
import type { CallSite } from "../go/call-site.js";

/** CallPrograms are the loaded programs of probes/calls.go3s. */
export interface CallPrograms {
  readonly begin: Program;
  readonly end: Program;
}

/** CallProbes owns the uprobes on library calls of one process. */
export interface CallProbes {
  /** count is how many places are probed. */
  readonly count: number;
  /** lost says what could not be attached, and why. */
  readonly lost: readonly string[];
  close(): void;
}

/** attachCallProbes attaches all of a process's sites, by one link for each program (uprobe_multi, 6.6). */
export function attachCallProbes(
  pid: number,
  sites: readonly CallSite[],
  programs: CallPrograms | undefined,
  file?: string,
): CallProbes {
  const links: Link[] = [];
  const lost: string[] = [];
  let count = 0;
  if (sites.length > 0 && programs === undefined) {
    lost.push("queries: the kernel has no uprobe_multi links (6.6)");
  }
  if (programs !== undefined) {
    // The ends first: a call that began before is nobody's, one whose end is not seen would stay open.
    for (const kind of ["end", "begin"] as const) {
      const own = sites.filter((site) => site.program === kind);
      if (own.length === 0) continue;
      try {
        links.push(
          attachUprobeMulti(programs[kind], {
            path: `/proc/${pid}/exe`,
            identity: file,
            offsets: own.map((site) => site.fileOffset),
            cookies: own.map((site) => site.cookie),
            pid,
          }),
        );
        count += own.length;
      } catch (error) {
        if (!isStaleProcess(error)) lost.push(`queries: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  return {
    get count() {
      return count;
    },
    lost,
    close() {
      for (const link of links) link.close();
      links.length = 0;
      count = 0;
    },
  };
}
