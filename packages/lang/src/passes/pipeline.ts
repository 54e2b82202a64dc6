import type { IrFunction } from "../ir/ir.js";
import { verifyFunction } from "../ir/print.js";
import type { Reporter } from "../source/diagnostics.js";
import { simplifyBranches } from "./branches.js";
import { mergeEqual } from "./cse.js";
import { dropDead } from "./dead.js";
import { decideKnown } from "./decided.js";
import { checkDynptrs } from "./dynptrs.js";
import { fold } from "./fold.js";
import { forwardMemory } from "./forward.js";
import { hoistSlots } from "./hoist.js";
import { closeIterators } from "./iterators.js";
import { checkLocks } from "./locks.js";
import { checkLoops } from "./loops.js";
import { narrow } from "./narrow.js";
import { checkNil } from "./nil.js";
import { checkOwned } from "./ownership.js";
import { checkPackets } from "./packets.js";
import type { Fact, Pass } from "./pass.js";
import { expandCompares, splitEdges } from "./prepare.js";
import { mergeReturns } from "./returns.js";
import { dropDeadStores } from "./stores.js";
import { returnTraps } from "./traps.js";
import { widenStores } from "./widen.js";
import { compareWords } from "./words.js";

/** passes in the order they run: proofs on the code as written, then optimisations, then what selection needs. */
export const passes: readonly Pass[] = [
  closeIterators,
  checkNil,
  checkOwned,
  checkLocks,
  checkDynptrs,
  checkPackets,
  checkLoops,
  returnTraps,
  fold,
  mergeEqual,
  decideKnown,
  simplifyBranches,
  forwardMemory,
  fold,
  mergeEqual,
  decideKnown,
  simplifyBranches,
  forwardMemory,
  fold,
  narrow,
  dropDead,
  compareWords,
  dropDead,
  mergeReturns,
  simplifyBranches,
  dropDeadStores,
  dropDead,
  widenStores,
  expandCompares,
  dropDead,
  splitEdges,
  hoistSlots,
];

/** proofs are the facts whose passes all run, so that one run tells everything; code that failed one is not optimised. */
const proofs: ReadonlySet<Fact> = new Set([
  "nil-checked",
  "owned-checked",
  "locks-checked",
  "dynptrs-checked",
  "packets-checked",
  "bounded",
]);

/** isNeeded: what gives a fact is needed by selection, or by the passes that are; the rest makes the code better. */
const isNeeded = (pass: Pass): boolean => pass.gives.length > 0;

/** PassOptions: with `check` the SSA is verified behind each pass; without `optimise` only what is needed runs. */
export interface PassOptions {
  readonly check: boolean;
  readonly optimise: boolean;
}

/** runProofs runs the passes up to the last that looks for mistakes. */
export function runProofs(fn: IrFunction, report: Reporter): void {
  for (const pass of passes) {
    if (pass.gives.includes("no-traps")) return;
    pass.run(fn, report);
  }
}

/** runPasses runs all passes over a function. */
export function runPasses(fn: IrFunction, report: Reporter, options: PassOptions): void {
  const before = report.errors;
  for (const pass of passes) {
    const proves = pass.gives.some((fact) => proofs.has(fact));
    if (!proves && report.errors > before) return;
    if (!options.optimise && !isNeeded(pass)) continue;
    pass.run(fn, report);
    if (!options.check) continue;
    const problems = verifyFunction(fn);
    if (problems.length > 0) throw new Error(`${fn.name} after ${pass.name}: ${problems.join("; ")}`);
  }
}
