import { lowerModule } from "./lower/module.js";
import { checkAvailability } from "./passes/availability.js";
import { runProofs } from "./passes/pipeline.js";
import type { Reporter } from "./source/diagnostics.js";
import type { Range } from "./source/file.js";
import type { Architecture } from "./types/registers.js";
import type { Checked, FunctionSymbol } from "./types/symbols.js";

const contains = (outer: Range, inner: Range): boolean =>
  inner.start >= outer.start && inner.start < outer.end;

/** wrongFunctions are those with a mistake in their body, and those that call them; undefined when a mistake is elsewhere. */
function wrongFunctions(checked: Checked, errors: readonly Range[]): Set<FunctionSymbol> | undefined {
  const wrong = new Set<FunctionSymbol>();
  for (const error of errors) {
    const found = checked.functions.find((each) => contains(each.declaration.body, error));
    if (found === undefined) return undefined;
    wrong.add(found);
  }
  for (let before = -1; before !== wrong.size; ) {
    before = wrong.size;
    for (const { from, to } of checked.edges) if (wrong.has(to)) wrong.add(from);
  }
  return wrong;
}

/**
 * proveRest looks for mistakes of control flow (nil, reservations, loops) in the programs that have no others: a mistake
 * in one function does not hide those of the rest. Where types or package variables are wrong, nothing can be said.
 */
export function proveRest(checked: Checked, report: Reporter, architecture: Architecture): void {
  const errors = report.list().filter((each) => each.severity === "error");
  const wrong = wrongFunctions(checked, errors);
  if (wrong === undefined) return;
  const programs = checked.programs.filter((each) => !wrong.has(each.function));
  if (programs.length === 0) return;
  const lowered = lowerModule({ ...checked, programs }, report, { architecture, signedDivision: false });
  for (const { name, code } of lowered.programs) {
    const program = programs.find((each) => each.name === name);
    if (program !== undefined)
      checkAvailability(code, program.kind.family ?? program.kind.name, program.section, report);
  }
  for (const fn of [...lowered.programs.map((each) => each.code), ...lowered.subprograms])
    runProofs(fn, report);
}
