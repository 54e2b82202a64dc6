import type { Width } from "./arithmetic.js";
import type { Instruction, Register } from "./instruction.js";
import { InstructionClass, JumpOperation, PseudoSource, SOURCE_REGISTER } from "./opcode.js";

/** Condition is the comparison of a conditional jump; `set` is `dst & src`. */
export type Condition = Exclude<keyof typeof JumpOperation, "ja" | "call" | "exit" | "cond">;

/** Target is where a jump or call goes: a label, or a distance in slots from the next slot. */
export type Target = string | number;

function withTarget(base: Omit<Instruction, "target">, target: Target): Instruction {
  return typeof target === "string" ? { ...base, target } : { ...base, offset: target };
}

function classOf(width: Width): number {
  return width === 64 ? InstructionClass.JMP : InstructionClass.JMP32;
}

/** jump is `goto target` with a 16-bit distance. */
export function jump(target: Target): Instruction {
  const opcode = InstructionClass.JMP | JumpOperation.ja;
  return withTarget({ opcode, dst: 0, src: 0, offset: 0, imm: 0, immHigh: 0 }, target);
}

/** jumpLong is `gotol target` with a 32-bit distance. ISA v4, kernel 6.6. */
export function jumpLong(target: Target): Instruction {
  const base = { opcode: InstructionClass.JMP32 | JumpOperation.ja, dst: 0, src: 0, offset: 0, immHigh: 0 };
  return typeof target === "string" ? { ...base, imm: 0, target } : { ...base, imm: target };
}

/** jumpIfReg is `if dst CONDITION src goto target`; 32-bit compares need kernel 5.1. */
export function jumpIfReg(
  condition: Condition,
  dst: Register,
  src: Register,
  target: Target,
  width: Width = 64,
): Instruction {
  const opcode = classOf(width) | JumpOperation[condition] | SOURCE_REGISTER;
  return withTarget({ opcode, dst, src, offset: 0, imm: 0, immHigh: 0 }, target);
}

/** jumpIfImm is `if dst CONDITION imm goto target`; imm is sign-extended to 64 bits. */
export function jumpIfImm(
  condition: Condition,
  dst: Register,
  imm: number,
  target: Target,
  width: Width = 64,
): Instruction {
  const opcode = classOf(width) | JumpOperation[condition];
  return withTarget({ opcode, dst, src: 0, offset: 0, imm, immHigh: 0 }, target);
}

/** mayGoto is the bounded-loop jump the verifier counts for us (kernel 6.9). */
export function mayGoto(target: Target): Instruction {
  const opcode = InstructionClass.JMP | JumpOperation.cond;
  return withTarget({ opcode, dst: 0, src: 0, offset: 0, imm: 0, immHigh: 0 }, target);
}

const CALL = InstructionClass.JMP | JumpOperation.call;

/** callHelper calls a helper function by its id (`HelperFunction.map_lookup_elem`). */
export function callHelper(id: number): Instruction {
  return { opcode: CALL, dst: 0, src: 0, offset: 0, imm: id, immHigh: 0 };
}

/** callFunction calls a subprogram by label, or by distance in slots from the next slot (4.16). */
export function callFunction(target: Target): Instruction {
  const base = { opcode: CALL, dst: 0, src: PseudoSource.CALL, offset: 0, immHigh: 0 };
  return typeof target === "string" ? { ...base, imm: -1, target } : { ...base, imm: target };
}

/** callKfunc calls a kernel function by BTF id; fdIndex 0 is vmlinux (5.13). */
export function callKfunc(btfId: number, fdIndex = 0): Instruction {
  return { opcode: CALL, dst: 0, src: PseudoSource.KFUNC_CALL, offset: fdIndex, imm: btfId, immHigh: 0 };
}

/** callRegister calls the function whose address is in dst. Part of the ISA; Linux refuses it. */
export function callRegister(dst: Register): Instruction {
  return { opcode: CALL | SOURCE_REGISTER, dst, src: 0, offset: 0, imm: 0, immHigh: 0 };
}

/** exit returns from the program or subprogram with r0. */
export function exit(): Instruction {
  const opcode = InstructionClass.JMP | JumpOperation.exit;
  return { opcode, dst: 0, src: 0, offset: 0, imm: 0, immHigh: 0 };
}
