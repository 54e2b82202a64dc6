import type { IrFunction } from "../ir/ir.js";
import type { Reporter } from "../source/diagnostics.js";

/** Fact is something true of the code that a pass may need and give: their order is checked from these. */
export type Fact =
  | "ssa"
  | "nil-checked"
  | "owned-checked"
  | "locks-checked"
  | "iterators-closed"
  | "dynptrs-checked"
  | "packets-checked"
  | "bounded"
  | "no-traps"
  | "folded"
  | "compares-expanded"
  | "edges-split";

/** Pass is one step over a function's SSA. */
export interface Pass {
  readonly name: string;
  readonly needs: readonly Fact[];
  readonly gives: readonly Fact[];
  run(fn: IrFunction, report: Reporter): void;
}

/** orderProblems lists passes whose needs nothing before them gives: a mistake in the list, found by a test. */
export function orderProblems(passes: readonly Pass[]): string[] {
  const known = new Set<Fact>(["ssa"]);
  const problems: string[] = [];
  for (const pass of passes) {
    for (const fact of pass.needs) if (!known.has(fact)) problems.push(`${pass.name} needs ${fact}`);
    for (const fact of pass.gives) known.add(fact);
  }
  return problems;
}
