import type { Instruction } from "../asm/instruction.js";
import { InstructionClass, JumpOperation, PseudoSource } from "../asm/opcode.js";
import { type LogStep, parseRegisters } from "./log.js";

/** PathStep is a step of the refused path with its instruction and how deep in calls it is. */
export interface PathStep extends LogStep {
  readonly instruction: Instruction | undefined;
  readonly depth: number;
}

const CALL = InstructionClass.JMP | JumpOperation.call;
const EXIT = InstructionClass.JMP | JumpOperation.exit;

/** isCall tells whether an instruction calls anything. */
export function isCall(instruction: Instruction): boolean {
  return instruction.opcode === CALL;
}

/** isFunctionCall tells whether it calls a subprogram. */
export function isFunctionCall(instruction: Instruction): boolean {
  return instruction.opcode === CALL && instruction.src === PseudoSource.CALL;
}

/** isExit tells whether it returns. */
export function isExit(instruction: Instruction): boolean {
  return instruction.opcode === EXIT;
}

/** pathOf joins the log's steps with the program's instructions, by slot. */
export function pathOf(steps: readonly LogStep[], bySlot: ReadonlyMap<number, Instruction>): PathStep[] {
  let depth = 0;
  return steps.map((step, index) => {
    const instruction = bySlot.get(step.slot);
    const here = depth;
    if (instruction !== undefined) {
      const next = steps[index + 1]?.slot;
      // A global function is verified by itself: its call is not followed.
      if (isFunctionCall(instruction) && next === step.slot + 1 + instruction.imm) depth++;
      else if (isExit(instruction)) depth = Math.max(0, depth - 1);
    }
    return { ...step, instruction, depth: here };
  });
}

/** stateBefore gives what was known of a register or stack slot before a step, "" when nothing was printed. */
export function stateBefore(path: readonly PathStep[], index: number, name: string): string {
  const depth = path[index]?.depth ?? 0;
  for (let i = index; i >= 0; i--) {
    const step = path[i];
    if (step === undefined || step.depth !== depth) continue;
    if (i < index) {
      const after = parseRegisters(step.after).get(name);
      if (after !== undefined) return after;
    }
    if (step.before !== undefined) return parseRegisters(step.before).get(name) ?? "";
  }
  return "";
}

/** stateAfter gives what was known of a register or stack slot after a step. */
export function stateAfter(path: readonly PathStep[], index: number, name: string): string {
  const step = path[index];
  const next = path[index + 1];
  return (
    parseRegisters(step?.after).get(name) ??
    (next?.depth === step?.depth ? parseRegisters(next?.before).get(name) : undefined) ??
    stateBefore(path, index, name)
  );
}

/** registersBefore gives all that was known before a step, by name. */
export function registersBefore(path: readonly PathStep[], index: number): Record<string, string> {
  const depth = path[index]?.depth ?? 0;
  const found = new Map<string, string>();
  for (let i = index; i >= 0; i--) {
    const step = path[i];
    if (step === undefined || step.depth !== depth) continue;
    const known = i < index ? parseRegisters(step.after) : new Map<string, string>();
    for (const [name, state] of known) if (!found.has(name)) found.set(name, state);
    if (step.before === undefined) continue;
    for (const [name, state] of parseRegisters(step.before)) if (!found.has(name)) found.set(name, state);
    break;
  }
  return Object.fromEntries([...found].sort(([a], [b]) => a.localeCompare(b)));
}
