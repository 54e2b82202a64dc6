import { INSTRUCTION_BYTES, LD_IMM64 } from "./opcode.js";

/** Register is a BPF register number, R0 to R10. R10 is the read-only frame pointer. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

export const R0 = 0;
export const R1 = 1;
export const R2 = 2;
export const R3 = 3;
export const R4 = 4;
export const R5 = 5;
export const R6 = 6;
export const R7 = 7;
export const R8 = 8;
export const R9 = 9;
export const R10 = 10;

/**
 * Instruction is one BPF instruction as plain data. An ld_imm64 is one Instruction although it takes two
 * slots: `imm` is its low half, `immHigh` its high half.
 */
export interface Instruction {
  /** The opcode byte. */
  readonly opcode: number;
  /** Destination register, 0 to 15 as encoded. */
  readonly dst: number;
  /** Source register or pseudo source, 0 to 15 as encoded. */
  readonly src: number;
  /** Signed 16-bit offset. */
  readonly offset: number;
  /** Signed 32-bit immediate. */
  readonly imm: number;
  /** High 32 bits of an ld_imm64, signed; 0 and unused for all others. */
  readonly immHigh: number;
  /** A name for this place, to which jumps and calls may refer. */
  readonly label?: string;
  /** The label a jump, call or ld_imm64 of a function goes to; the assembler writes the distance. */
  readonly target?: string;
}

/** isWide tells whether the instruction takes two slots (ld_imm64). */
export function isWide(instruction: Instruction): boolean {
  return instruction.opcode === LD_IMM64;
}

/** slotsOf gives the number of 8-byte slots an instruction takes: 1, or 2 for ld_imm64. */
export function slotsOf(instruction: Instruction): 1 | 2 {
  return instruction.opcode === LD_IMM64 ? 2 : 1;
}

/** byteLength gives the encoded size of a list of instructions in bytes. */
export function byteLength(instructions: readonly Instruction[]): number {
  let slots = 0;
  for (const instruction of instructions) slots += slotsOf(instruction);
  return slots * INSTRUCTION_BYTES;
}

/** withLabel gives the same instruction with a label at its place. */
export function withLabel(label: string, instruction: Instruction): Instruction {
  return { ...instruction, label };
}
