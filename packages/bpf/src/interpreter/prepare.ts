import { decodeInstructions } from "../asm/decode.js";
import { instructionText } from "../asm/disassemble.js";
import { encodeInstructions } from "../asm/encode.js";
import { type Instruction, slotsOf } from "../asm/instruction.js";
import { BpfError } from "../errors.js";

/** PreparedProgram is bytecode taken apart once, to be interpreted many times. */
export interface PreparedProgram {
  /** By slot; the second slot of an ld_imm64 has none. */
  readonly slots: readonly (Instruction | undefined)[];
}

/** prepareProgram takes bytecode or instructions (labels resolved) apart. Throws BpfError `bad-instruction`. */
export function prepareProgram(code: Uint8Array | readonly Instruction[]): PreparedProgram {
  const bytes = code instanceof Uint8Array ? code : encodeInstructions(code);
  const slots: (Instruction | undefined)[] = [];
  for (const instruction of decodeInstructions(bytes)) {
    slots.push(instruction);
    if (slotsOf(instruction) === 2) slots.push(undefined);
  }
  return { slots };
}

/** faultAt is the error for what an instruction did at run time. */
export function faultAt(
  slot: number,
  instruction: Instruction | undefined,
  why: string,
  cause?: unknown,
): BpfError {
  const text = instruction === undefined ? "" : ` (${instructionText(instruction)})`;
  return new BpfError("program-fault", `instruction ${slot}${text}: ${why}`, {
    hint: "the kernel's verifier would have refused the program, or a helper function is missing",
    cause,
  });
}
