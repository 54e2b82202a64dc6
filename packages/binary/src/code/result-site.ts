import { elfMachine } from "../elf/constants.js";
import type { ProbeCost } from "./cost.js";
import { decodeX86, x86Instruction } from "./x86.js";
import { isX86ConditionalJump, isX86Nop, x86ProbeCost, x86Written } from "./x86-probe.js";

/** ResultSite is a place behind a call. */
export interface ResultSite {
  /** offset in the decoded bytes. */
  readonly offset: number;
  readonly cost: ProbeCost;
}

const instruction = x86Instruction();
// What a caller does with a result before it branches: loads of what it had put on its stack, a comparison.
const furthest = 6;
// AX and BX, by Go's ABIInternal.
const results = new Set([0, 3]);

/**
 * resultSite returns the cheapest place behind a call, which ends at offset `at` of a function's bytes, at which the registers hold the
 * call's first two results and the stack is as the call left it: the first instruction the kernel emulates, mostly the branch on the
 * result; else the instruction right behind. Undefined where that is none, and on other machines than x86-64.
 */
export function resultSite(machine: number, code: Uint8Array, at: number): ResultSite | undefined {
  if (machine !== elfMachine.X86_64) return undefined;
  let first: ResultSite | undefined;
  for (let i = 0, offset = at; i < furthest; i++) {
    const length = decodeX86(code, offset, instruction);
    if (length === 0) break;
    const cost = x86ProbeCost(instruction);
    const found = { offset, cost };
    first ??= found;
    if (cost === "emulated")
      return isX86Nop(instruction) || isX86ConditionalJump(instruction) ? found : first;
    const written = x86Written(instruction);
    if (written === undefined || results.has(written)) break;
    offset += length;
  }
  return first === undefined || first.cost === "refused" ? undefined : first;
}
