import type { IrFunction } from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import type { Reporter } from "../source/diagnostics.js";
import type { ProgramKind } from "../types/program-kind.js";

const shown = ({ low, high }: NonNullable<ProgramKind["returns"]>): string =>
  low === high ? String(low) : high === low + 1 ? `${low} or ${high}` : `${low} to ${high}`;

/** checkResults refuses results of a program that its hook does not take; the verifier must see that they fit. */
export function checkResults(fn: IrFunction, kind: ProgramKind, report: Reporter): void {
  const { returns } = kind;
  if (returns === undefined) return;
  const range = shown(returns);
  for (const block of fn.blocks) {
    const { end } = block;
    if (end?.kind !== "return") continue;
    const { value, at } = end;
    if (value === undefined || value.op === "const") {
      const given = value === undefined ? 0n : BigInt.asIntN(value.width, value.imm);
      if (given < BigInt(returns.low) || given > BigInt(returns.high))
        report.error("out-of-range", at, `a ${kind.name} program returns ${range}, not ${given}`);
      continue;
    }
    if (value.op === "cmp" && returns.low === 0 && returns.high >= 1) continue;
    const most = returns.low === 0 ? maxAt(value, block, false) : undefined;
    if (most === undefined || most > BigInt(returns.high))
      report.error(
        "out-of-range",
        at,
        `a ${kind.name} program returns ${range}; that this is one of them cannot be seen`,
        "return constants: if … { return 1 }; return 0",
      );
  }
}
