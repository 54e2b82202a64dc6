import type { IrFunction } from "../ir/ir.js";
import { verifyFunction } from "../ir/print.js";
import type { Reporter } from "../source/diagnostics.js";
import { simplifyBranches } from "./branches.js";
import { mergeEqual } from "./cse.js";
import { dropDead } from "./dead.js";
import { fold } from "./fold.js";
import { checkLoops } from "./loops.js";
import { checkNil } from "./nil.js";
import { checkOwned } from "./ownership.js";
import type { Pass } from "./pass.js";
import { expandCompares, splitEdges } from "./prepare.js";
import { dropDeadStores } from "./stores.js";
import { returnTraps } from "./traps.js";

/** passes in the order they run: proofs on the code as written, then optimisations, then what selection needs. */
export const passes: readonly Pass[] = [
  checkNil,
  checkOwned,
  checkLoops,
  returnTraps,
  fold,
  mergeEqual,
  simplifyBranches,
  fold,
  mergeEqual,
  dropDead,
  simplifyBranches,
  dropDeadStores,
  expandCompares,
  dropDead,
  splitEdges,
];

/** runPasses runs all passes over a function. With `check` the SSA is verified behind each, which tests do. */
export function runPasses(fn: IrFunction, report: Reporter, check: boolean): void {
  const before = report.errors;
  for (const pass of passes) {
    // All proofs run, so that one run tells everything; code that failed one is not worth optimising.
    const proves = pass.gives.some(
      (fact) => fact === "nil-checked" || fact === "owned-checked" || fact === "bounded",
    );
    if (!proves && report.errors > before) return;
    pass.run(fn, report);
    if (!check) continue;
    const problems = verifyFunction(fn);
    if (problems.length > 0) throw new Error(`${fn.name} after ${pass.name}: ${problems.join("; ")}`);
  }
}
