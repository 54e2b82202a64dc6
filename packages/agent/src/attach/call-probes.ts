import { attachUprobeMulti, isStaleProcess, type Link, type Program } from "@go3s/bpf";
import type { CallProgram, CallSite } from "../go/call-site.js";

/** CallPrograms are those of probes/calls.go3s and probes/spans.go3s, each loaded when the first process needs it. */
export interface CallPrograms {
  program(name: CallProgram): Program | undefined;
  /** problem says why one is not there. */
  problem(): string;
}

// The ends first: a call that began before is nobody's, one whose end is not seen would stay open.
const order: readonly CallProgram[] = ["end", "begin", "spanEnd", "spanStart"];

const what: Readonly<Record<CallProgram, string>> = {
  begin: "queries",
  end: "queries",
  spanStart: "spans by OpenTelemetry's API",
  spanEnd: "spans by OpenTelemetry's API",
};

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
  programs: CallPrograms,
  file?: string,
): CallProbes {
  const links: Link[] = [];
  const lost: string[] = [];
  let count = 0;
  for (const name of order) {
    const own = sites.filter((site) => site.program === name);
    if (own.length === 0) continue;
    const program = programs.program(name);
    if (program === undefined) {
      lost.push(`${what[name]}: ${programs.problem()}`);
      continue;
    }
    try {
      links.push(
        attachUprobeMulti(program, {
          path: `/proc/${pid}/exe`,
          identity: file,
          offsets: own.map((site) => site.fileOffset),
          cookies: own.map((site) => site.cookie),
          pid,
        }),
      );
      count += own.length;
    } catch (error) {
      if (!isStaleProcess(error))
        lost.push(`${what[name]}: ${error instanceof Error ? error.message : error}`);
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
