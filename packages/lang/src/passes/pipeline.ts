import type { IrFunction } from "../ir/ir.js";
import { verifyFunction } from "../ir/print.js";
import type { Reporter } from "../source/diagnostics.js";
import type { Pass } from "./pass.js";
import { expandCompares, splitEdges } from "./prepare.js";
import { returnTraps } from "./traps.js";

/** passes in the order they run; `needs` and `gives` are checked by a test. */
export const passes: readonly Pass[] = [
  { name: "owned", needs: [], gives: ["owned-checked"], run() {} },
  returnTraps, expandCompares, splitEdges];

/** runPasses runs all passes over a function. With `check` the SSA is verified behind each, which tests do. */
export function runPasses(fn: IrFunction, report: Reporter, check: boolean): void {
  for (const pass of passes) {
    pass.run(fn, report);
    if (!check) continue;
    const problems = verifyFunction(fn);
    if (problems.length > 0) throw new Error(`${fn.name} after ${pass.name}: ${problems.join("; ")}`);
  }
}
