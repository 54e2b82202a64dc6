import type { Link, Program } from "@go3s/bpf";
import type { CallProgram, CallSite } from "../go/call-site.js";
import { attachSites } from "./attach-sites.js";

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
    const link = attachSites(program, { pid, file }, own);
    if (typeof link === "string") {
      if (link !== "") lost.push(`${what[name]}: ${link}`);
      continue;
    }
    links.push(link);
    count += own.length;
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
