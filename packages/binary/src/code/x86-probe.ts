import type { ProbeCost } from "./cost.js";
import { opcodeMap, type X86Instruction } from "./x86.js";

// arch/x86/kernel/uprobes.c, good_insns_64: what it leaves out of the instructions that exist in 64-bit mode is
// port input and output, INT, IRET, ICEBP, HLT, CLI and STI.
const refusedOne = new Set([
  0x6c, 0x6d, 0x6e, 0x6f, 0xcc, 0xcd, 0xcf, 0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf4, 0xfa,
  0xfb,
]);
// good_2byte_insns there: LAR, LSL, CLTS, SYSRET, INVD, WBINVD, UD2, WRMSR, SYSENTER, SYSEXIT, VMREAD, VMWRITE, UD1 …
const refusedTwo = new Set([
  0x00, 0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x0d, 0x30, 0x34, 0x35, 0x37, 0x78, 0x79, 0xb9, 0xff,
]);

/** isX86ConditionalJump: Jcc rel8 and rel32, not JRCXZ and LOOP. */
export function isX86ConditionalJump(x: X86Instruction): boolean {
  if (x.vector) return false;
  return (x.map === opcodeMap.ONE && x.opcode >> 4 === 7) || (x.map === opcodeMap.TWO && x.opcode >> 4 === 8);
}

/** isX86Push: PUSH of a general register, the form the kernel emulates. */
export function isX86Push(x: X86Instruction): boolean {
  return x.map === opcodeMap.ONE && !x.vector && x.opcode >> 3 === 0x0a;
}

/** isX86Nop: the one-byte NOP with or without prefixes; longer NOPs are emulated only by the newest kernels. */
export function isX86Nop(x: X86Instruction): boolean {
  return x.map === opcodeMap.ONE && !x.vector && x.opcode === 0x90 && (x.rex & 1) === 0;
}

/**
 * x86ProbeCost says what the kernel does with a uprobe on an instruction. Emulated are, by branch_setup_xol_ops and
 * push_setup_xol_ops (since 5.0) of arch/x86/kernel/uprobes.c: NOP, JMP, CALL rel32, Jcc and PUSH of a register, the
 * last only with no prefix or REX.B alone. Branches with prefix 66 are refused.
 */
export function x86ProbeCost(x: X86Instruction): ProbeCost {
  // is_prefix_bad: LOCK and the four old segment overrides; FS and GS are fine.
  if (x.lock || (x.segment !== 0 && x.segment < 0x64)) return "refused";
  if (isX86Nop(x)) return "emulated";
  const jump =
    x.map === opcodeMap.ONE && !x.vector && (x.opcode === 0xe8 || x.opcode === 0xe9 || x.opcode === 0xeb);
  if (jump || isX86ConditionalJump(x)) return x.operandSize ? "refused" : "emulated";
  if (isX86Push(x)) return x.length === 1 || (x.length === 2 && x.rex === 0x41) ? "emulated" : "stepped";
  if (x.vector) return "stepped";
  if (x.map === opcodeMap.ONE) return refusedOne.has(x.opcode) ? "refused" : "stepped";
  return x.map === opcodeMap.TWO && refusedTwo.has(x.opcode) ? "refused" : "stepped";
}

const rm = (x: X86Instruction) => (x.modrm & 7) | ((x.rex & 1) << 3);
const reg = (x: X86Instruction) => ((x.modrm >> 3) & 7) | ((x.rex & 4) << 1);
const toRegister = (x: X86Instruction) => x.modrm >> 6 === 3;

/**
 * x86Written returns the general register (0 AX … 15 R15) that an instruction as prologues have them writes, -1 for
 * none, undefined when the instruction is not one of these or writes memory.
 */
export function x86Written(x: X86Instruction): number | undefined {
  if (x.vector || x.lock || x.repeat !== 0) {
    // ENDBR64 and PAUSE
    return x.repeat === 0xf3 &&
      ((x.map === opcodeMap.TWO && x.opcode === 0x1e && x.modrm === 0xfa) || isX86Nop(x))
      ? -1
      : undefined;
  }
  if (isX86Nop(x) || isX86ConditionalJump(x)) return -1;
  if (x.map === opcodeMap.TWO) return x.opcode === 0x1f ? -1 : undefined;
  if (x.map !== opcodeMap.ONE) return undefined;
  const group = (x.modrm >> 3) & 7;
  switch (x.opcode) {
    // CMP, TEST
    case 0x38:
    case 0x39:
    case 0x3a:
    case 0x3b:
    case 0x3c:
    case 0x3d:
    case 0x84:
    case 0x85:
    case 0xa8:
    case 0xa9:
      return -1;
    // group 1: 7 is CMP; ADD, SUB and the like on a register
    case 0x80:
    case 0x81:
    case 0x83:
      if (group === 7) return -1;
      return toRegister(x) ? rm(x) : undefined;
    // MOV, LEA, ADD, SUB, XOR into the register of the reg field
    case 0x8b:
    case 0x8d:
    case 0x03:
    case 0x2b:
    case 0x33:
      return reg(x);
    // MOV, ADD, SUB, XOR into the one of the r/m field
    case 0x89:
    case 0x01:
    case 0x29:
    case 0x31:
      return toRegister(x) ? rm(x) : undefined;
    case 0xc7:
      return toRegister(x) ? rm(x) : undefined;
    default:
      return x.opcode >= 0xb8 && x.opcode <= 0xbf ? (x.opcode & 7) | ((x.rex & 1) << 3) : undefined;
  }
}

/** isX86StackCheck: the comparison before a Go function's call of morestack, against g.stackguard0 or 1 (offsets 16, 24). */
export function isX86StackCheck(x: X86Instruction): boolean {
  // g is in R14, before Go 1.17 in CX.
  const base = x.modrm >= 0 && x.modrm >> 6 === 1 ? rm(x) : -1;
  const compares = x.map === opcodeMap.ONE && (x.opcode === 0x3b || x.opcode === 0x39);
  if (compares) return (base === 14 || base === 1) && (x.displacement === 16 || x.displacement === 24);
  // Frames too large for one comparison: SUBQ $size, R12 and JCS come first.
  return (
    x.map === opcodeMap.ONE &&
    x.opcode === 0x81 &&
    toRegister(x) &&
    rm(x) === 12 &&
    ((x.modrm >> 3) & 7) === 5
  );
}
