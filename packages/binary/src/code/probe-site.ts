import { elfMachine } from "../elf/constants.js";
import { arm64Written, isArm64ConditionalBranch } from "./arm64.js";
import type { ProbeCost } from "./cost.js";
import { arm64Word, decodeInstruction, type Instruction } from "./instruction.js";
import { decodeX86, x86Instruction } from "./x86.js";
import { isX86ConditionalJump, isX86Nop, isX86Push, isX86StackCheck, x86Written } from "./x86-probe.js";

/** ProbeSite is where to put a uprobe that shall see a function's arguments. */
export interface ProbeSite {
  /** offset in bytes from the function's entry. */
  readonly offset: number;
  readonly cost: ProbeCost;
  /**
   * repeats tells that one call can hit the site twice: it lies before the stack check, and a function whose stack had
   * to grow begins again.
   */
  readonly repeats: boolean;
  /** reason says why this site, for `go3s doctor` and logs. */
  readonly reason: string;
}

/** CallAbi names where a function's arguments are at its entry: Go since 1.17, Go before (on the stack), C, C without any. */
export type CallAbi = "go" | "go-stack" | "c" | "c-void";

// Registers that hold neither arguments nor g at the entry, so a prologue may write them.
// x86-64 Go: R12, R13 scratch, R15 GOT; before 1.17 the prologue loads g into CX, arguments being on the stack.
// arm64 Go: R16, R17, R27; 32 + 31 is a comparison's zero register, 63 no register at all.
const scratchX86: Record<CallAbi, ReadonlySet<number>> = {
  go: new Set([-1, 12, 13, 15]),
  "go-stack": new Set([-1, 0, 1, 3, 6, 7, 8, 9, 10, 11, 12, 13, 15]),
  c: new Set([-1, 10, 11]),
  "c-void": new Set([-1, 0, 1, 2, 6, 7, 8, 9, 10, 11]),
};
const scratchArm64 = new Set([16, 17, 27, 63]);
const arm64StackCompare = 63;

/** longestPrologue bounds the search: the longest stack check of Go has 6 instructions. */
const longestPrologue = 12;

type Role = "push" | "nop" | "conditional" | "other";

interface Step {
  readonly instruction: Instruction;
  readonly role: Role;
  /** harmless tells that arguments, g and stack are afterwards as before. */
  readonly harmless: boolean;
  readonly comparesStack: boolean;
}

const x86 = x86Instruction();

function stepOf(machine: number, code: Uint8Array, at: number, abi: CallAbi): Step | undefined {
  const instruction = decodeInstruction(machine, code, at);
  if (instruction === undefined) return undefined;
  if (machine === elfMachine.AARCH64) {
    const word = arm64Word(code, at);
    const written = arm64Written(word);
    const conditional = isArm64ConditionalBranch(word);
    return {
      instruction,
      role: conditional ? "conditional" : "other",
      harmless: conditional || (written !== undefined && scratchArm64.has(written)),
      comparesStack: written === arm64StackCompare,
    };
  }
  decodeX86(code, at, x86);
  const written = x86Written(x86);
  let role: Role = "other";
  if (isX86Push(x86)) role = "push";
  else if (isX86Nop(x86)) role = "nop";
  else if (isX86ConditionalJump(x86)) role = "conditional";
  return {
    instruction,
    role,
    harmless: written !== undefined && scratchX86[abi].has(written),
    comparesStack: isX86StackCheck(x86),
  };
}

/** branchTargets collects where the function's own branches go, to keep a site out of loops. */
function branchTargets(machine: number, code: Uint8Array): number[] {
  const targets: number[] = [];
  for (let at = 0; at < code.length; ) {
    const instruction = decodeInstruction(machine, code, at);
    if (instruction === undefined) break;
    if (instruction.target !== undefined && !instruction.isCall) targets.push(instruction.target);
    at += instruction.length;
  }
  return targets;
}

/**
 * probeSite returns the cheapest place in a function's bytes at which arguments, g and stack are those of the entry: the
 * first instruction the kernel emulates. In Go that is `PUSHQ BP` after the stack check (1.21+), the check's own jump
 * before; the entry itself when there is nothing better.
 */
export function probeSite(machine: number, code: Uint8Array, abi: CallAbi = "go"): ProbeSite {
  const targets = branchTargets(machine, code);
  const growsStack = targets.includes(0);
  const looped = (offset: number) => targets.some((target) => target > 0 && target <= offset);
  let second: ProbeSite | undefined;
  let why = "no emulated instruction comes before the arguments change";
  let checked = false;
  let previous: Step | undefined;
  let at = 0;
  for (let i = 0; i < longestPrologue; i++) {
    const step = stepOf(machine, code, at, abi);
    if (step === undefined || looped(at)) break;
    if (step.instruction.probeCost === "emulated") {
      const site = (reason: string, repeats: boolean): ProbeSite => ({
        offset: at,
        cost: "emulated",
        repeats,
        reason,
      });
      const isCheck = step.role === "conditional" && previous?.comparesStack === true;
      const again = growsStack && !checked;
      if (step.role === "push")
        return site(checked ? "PUSH after the stack check" : "PUSH at the beginning", again);
      if (isCheck) second ??= site("the stack check's jump: no PUSH follows it", again);
      else if (step.role === "nop") second ??= site("NOP at the beginning", again);
      else return second ?? site("a branch that sees the arguments unchanged", again);
      checked ||= isCheck;
    } else if (!step.harmless) break;
    previous = step;
    at += step.instruction.length;
  }
  if (second !== undefined) return second;
  const entry = decodeInstruction(machine, code, 0);
  if (entry === undefined) why = "the entry is no instruction that could be decoded";
  return { offset: 0, cost: entry?.probeCost ?? "stepped", repeats: growsStack, reason: `the entry: ${why}` };
}
