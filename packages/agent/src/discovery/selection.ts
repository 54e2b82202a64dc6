import { matchesGlob } from "./glob.js";
import type { ProcessFacts } from "./proc.js";

/** Selection says which processes are asked for; any of the rows is enough. */
export interface Selection {
  /** all asks for every process of a runtime that is known to serve: Go programs, Node, Python, Java and the like. */
  readonly all?: boolean;
  readonly pids?: readonly number[];
  readonly ports?: readonly number[];
  /** names are globs over the service's name and the executable's base name. */
  readonly names?: readonly string[];
}

/** Candidate is a process with what a selection may ask about. */
export interface Candidate {
  readonly facts: ProcessFacts;
  readonly serviceName: string;
  /** hasRuntime says whether it is a Go program or runs in a known interpreter. */
  readonly hasRuntime: boolean;
  /** ports are looked up only when a selection asks for them: it means reading every descriptor. */
  readonly ports: () => readonly number[];
  /** isDescendantOf walks up the parents. */
  readonly isDescendantOf: (pid: number) => boolean;
}

/** selects gives the reason why a process is asked for, "" when it is not. */
export function selects(selection: Selection, candidate: Candidate): string {
  const { facts } = candidate;
  for (const pid of selection.pids ?? []) {
    if (pid === facts.pid) return `pid ${pid}`;
    if (candidate.isDescendantOf(pid)) return `a child of pid ${pid}`;
  }
  const base = facts.executable.slice(facts.executable.lastIndexOf("/") + 1);
  for (const name of selection.names ?? []) {
    if (matchesGlob(name, candidate.serviceName) || matchesGlob(name, base)) return `name ${name}`;
  }
  if ((selection.ports ?? []).length > 0) {
    const ports = candidate.ports();
    const port = selection.ports?.find((wanted) => ports.includes(wanted));
    if (port !== undefined) return `port ${port}`;
  }
  return selection.all && candidate.hasRuntime ? "all services" : "";
}
