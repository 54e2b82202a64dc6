import type { Instruction, Register } from "./instruction.js";
import { AluOperation, InstructionClass, SOURCE_REGISTER } from "./opcode.js";

/** AluName is a two-operand arithmetic operation. `sdiv` and `smod` are ISA v4 (kernel 6.6). */
export type AluName = Exclude<keyof typeof AluOperation, "neg" | "end"> | "sdiv" | "smod";

/** Width is the width of an operation in bits; 32-bit results are zero-extended. */
export type Width = 32 | 64;

function classOf(width: Width): number {
  return width === 64 ? InstructionClass.ALU64 : InstructionClass.ALU;
}

function operationOf(name: AluName): { bits: number; offset: number } {
  if (name === "sdiv") return { bits: AluOperation.div, offset: 1 };
  if (name === "smod") return { bits: AluOperation.mod, offset: 1 };
  return { bits: AluOperation[name], offset: 0 };
}

/** aluReg is `dst = dst OP src`. */
export function aluReg(name: AluName, dst: Register, src: Register, width: Width = 64): Instruction {
  const { bits, offset } = operationOf(name);
  return { opcode: classOf(width) | bits | SOURCE_REGISTER, dst, src, offset, imm: 0, immHigh: 0 };
}

/** aluImm is `dst = dst OP imm`; imm is a signed 32-bit number, sign-extended for 64-bit operations. */
export function aluImm(name: AluName, dst: Register, imm: number, width: Width = 64): Instruction {
  const { bits, offset } = operationOf(name);
  return { opcode: classOf(width) | bits, dst, src: 0, offset, imm, immHigh: 0 };
}

/** movReg is `dst = src`. */
export function movReg(dst: Register, src: Register, width: Width = 64): Instruction {
  return aluReg("mov", dst, src, width);
}

/** movImm is `dst = imm`. */
export function movImm(dst: Register, imm: number, width: Width = 64): Instruction {
  return aluImm("mov", dst, imm, width);
}

/** movSigned is `dst = (sBITS)src`, sign-extending the low bits. ISA v4, kernel 6.6; 32 only for width 64. */
export function movSigned(dst: Register, src: Register, bits: 8 | 16 | 32, width: Width = 64): Instruction {
  return { ...aluReg("mov", dst, src, width), offset: bits };
}

/** neg is `dst = -dst`. */
export function neg(dst: Register, width: Width = 64): Instruction {
  return { opcode: classOf(width) | AluOperation.neg, dst, src: 0, offset: 0, imm: 0, immHigh: 0 };
}

/** toEndian converts dst between host order and little or big endian, and zero-extends it. */
export function toEndian(order: "le" | "be", dst: Register, bits: 16 | 32 | 64): Instruction {
  const source = order === "be" ? SOURCE_REGISTER : 0;
  const opcode = InstructionClass.ALU | AluOperation.end | source;
  return { opcode, dst, src: 0, offset: 0, imm: bits, immHigh: 0 };
}

/** byteSwap reverses the bytes of dst whatever the host's order. ISA v4, kernel 6.6. */
export function byteSwap(dst: Register, bits: 16 | 32 | 64): Instruction {
  const opcode = InstructionClass.ALU64 | AluOperation.end;
  return { opcode, dst, src: 0, offset: 0, imm: bits, immHigh: 0 };
}

/** addressSpaceCast moves a pointer between the kernel's and the user's view of an arena (6.9). */
export function addressSpaceCast(dst: Register, src: Register, to: number, from: number): Instruction {
  return { ...aluReg("mov", dst, src), offset: 1, imm: (to << 16) | from };
}
