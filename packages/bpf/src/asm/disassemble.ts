import { HelperFunction } from "../uapi/helper-functions.js";
import { type Instruction, slotsOf } from "./instruction.js";
import {
  ATOMIC_FETCH,
  AtomicOperation,
  InstructionClass,
  JumpOperation,
  LD_IMM64,
  MemoryMode,
  PseudoSource,
  SOURCE_REGISTER,
} from "./opcode.js";

const HELPER_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(HelperFunction).map(([name, id]) => [id, `bpf_${name}`]),
);

const ALU_TEXT = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian"];
const JUMP_TEXT = ["goto", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<="];
const SIZE_BITS = [32, 16, 8, 64];
const ATOMIC_TEXT: ReadonlyMap<number, readonly [operator: string, name: string]> = new Map([
  [AtomicOperation.add, ["+=", "add"]],
  [AtomicOperation.or, ["|=", "or"]],
  [AtomicOperation.and, ["&=", "and"]],
  [AtomicOperation.xor, ["^=", "xor"]],
]);

function signed(value: number): string {
  return value < 0 ? `${value}` : `+${value}`;
}

function unknown(instruction: Instruction): string {
  return `BUG_${instruction.opcode.toString(16).padStart(2, "0")}`;
}

function aluText(instruction: Instruction, letter: "r" | "w"): string {
  const { opcode, offset, imm } = instruction;
  const operation = opcode >> 4;
  const dst = `${letter}${instruction.dst}`;
  const text = ALU_TEXT[operation];
  if (text === undefined) return unknown(instruction);
  if (text === "neg") return `${dst} = -${dst}`;
  if (text === "endian") {
    const name = letter === "r" ? "bswap" : opcode & SOURCE_REGISTER ? "be" : "le";
    return `r${instruction.dst} = ${name}${imm} r${instruction.dst}`;
  }
  const isDivision = text === "/=" || text === "%=";
  const sign = isDivision && offset === 1 ? "s" : "";
  if ((opcode & SOURCE_REGISTER) === 0) return `${dst} ${sign}${text} ${imm}`;
  if (text === "=" && offset !== 0) {
    if (letter === "r" && offset === 1) {
      return `${dst} = addr_space_cast(r${instruction.src}, ${imm >>> 16}, ${imm & 0xffff})`;
    }
    return `${dst} = (s${offset})${letter}${instruction.src}`;
  }
  return `${dst} ${sign}${text} ${letter}${instruction.src}`;
}

function atomicText(instruction: Instruction, bits: number): string {
  const { dst, src, offset, imm } = instruction;
  const place = `(u${bits} *)(r${dst} ${signed(offset)})`;
  const suffix = bits === 64 ? "64" : "";
  if (imm === AtomicOperation.cmpxchg) return `r0 = atomic${suffix}_cmpxchg(${place}, r0, r${src})`;
  if (imm === AtomicOperation.xchg) return `r${src} = atomic${suffix}_xchg(${place}, r${src})`;
  if (imm === AtomicOperation.load_acquire) {
    return `r${dst} = load_acquire((u${bits} *)(r${src} ${signed(offset)}))`;
  }
  if (imm === AtomicOperation.store_release) return `store_release(${place}, r${src})`;
  const names = ATOMIC_TEXT.get(imm & ~ATOMIC_FETCH);
  if (names === undefined) return unknown(instruction);
  const [operator, name] = names;
  if (imm & ATOMIC_FETCH) return `r${src} = atomic${suffix}_fetch_${name}(${place}, r${src})`;
  return `lock *${place} ${operator} r${src}`;
}

function wideText(instruction: Instruction): string {
  const { dst, src, imm, immHigh, target } = instruction;
  switch (src) {
    case PseudoSource.MAP_FD:
      return `r${dst} = map[${target ?? `fd:${imm}`}]`;
    case PseudoSource.MAP_VALUE:
      return `r${dst} = map[${target ?? `fd:${imm}`}][0]${signed(immHigh)}`;
    case PseudoSource.BTF_ID:
      return `r${dst} = btf_id[${imm}]`;
    case PseudoSource.FUNC:
      return `r${dst} = subprog[${target ?? signed(imm)}]`;
    case PseudoSource.MAP_IDX:
      return `r${dst} = map[idx:${imm}]`;
    case PseudoSource.MAP_IDX_VALUE:
      return `r${dst} = map[idx:${imm}][0]${signed(immHigh)}`;
    default: {
      if (target !== undefined) return `r${dst} = ${target}${immHigh === 0 ? "" : signed(immHigh)}`;
      const value = (BigInt(immHigh >>> 0) << 32n) | BigInt(imm >>> 0);
      return `r${dst} = 0x${value.toString(16)}`;
    }
  }
}

function loadText(instruction: Instruction, bits: number): string {
  if (instruction.opcode === LD_IMM64) return wideText(instruction);
  const mode = instruction.opcode & 0xe0;
  if (mode === MemoryMode.abs) return `r0 = *(u${bits} *)skb[${instruction.imm}]`;
  if (mode === MemoryMode.ind) return `r0 = *(u${bits} *)skb[r${instruction.src} + ${instruction.imm}]`;
  return unknown(instruction);
}

function callText(instruction: Instruction): string {
  const { imm, src, target, opcode } = instruction;
  if (opcode & SOURCE_REGISTER) return `callx r${instruction.dst}`;
  if (src === PseudoSource.CALL) return target === undefined ? `call pc${signed(imm)}` : `call ${target}`;
  if (src === PseudoSource.KFUNC_CALL) return `call kernel-function#${imm}`;
  return `call ${HELPER_NAMES.get(imm) ?? "unknown"}#${imm}`;
}

function jumpText(instruction: Instruction, letter: "r" | "w"): string {
  const { opcode, dst, src, offset, imm, target } = instruction;
  const operation = opcode & 0xf0;
  const to = target ?? `pc${signed(offset)}`;
  if (operation === JumpOperation.call) return callText(instruction);
  if (operation === JumpOperation.exit) return "exit";
  if (operation === JumpOperation.cond) return `may_goto ${to}`;
  if (operation === JumpOperation.ja) {
    return letter === "r" ? `goto ${to}` : `gotol ${target ?? `pc${signed(imm)}`}`;
  }
  const text = JUMP_TEXT[operation >> 4];
  if (text === undefined) return unknown(instruction);
  const right = opcode & SOURCE_REGISTER ? `${letter}${src}` : `0x${(imm >>> 0).toString(16)}`;
  return `if ${letter}${dst} ${text} ${right} goto ${to}`;
}

/** instructionText gives one instruction in the words of the kernel's verifier log, without its opcode. */
export function instructionText(instruction: Instruction): string {
  const { opcode, dst, src, offset, imm } = instruction;
  const bits = SIZE_BITS[(opcode >> 3) & 3] ?? 0;
  switch (opcode & 7) {
    case InstructionClass.ALU64:
      return aluText(instruction, "r");
    case InstructionClass.ALU:
      return aluText(instruction, "w");
    case InstructionClass.JMP:
      return jumpText(instruction, "r");
    case InstructionClass.JMP32:
      return jumpText(instruction, "w");
    case InstructionClass.LD:
      return loadText(instruction, bits);
    case InstructionClass.LDX: {
      const letter = (opcode & 0xe0) === MemoryMode.memsx ? "s" : "u";
      return `r${dst} = *(${letter}${bits} *)(r${src} ${signed(offset)})`;
    }
    case InstructionClass.ST:
      return `*(u${bits} *)(r${dst} ${signed(offset)}) = ${imm}`;
    default:
      if ((opcode & 0xe0) === MemoryMode.atomic) return atomicText(instruction, bits);
      return `*(u${bits} *)(r${dst} ${signed(offset)}) = r${src}`;
  }
}

/**
 * disassemble gives one line per instruction, `SLOT: (OPCODE) TEXT` as the verifier's log writes them, with
 * a `NAME:` line above each label.
 */
export function disassemble(instructions: readonly Instruction[]): string {
  const lines: string[] = [];
  let slot = 0;
  for (const instruction of instructions) {
    if (instruction.label !== undefined) lines.push(`${instruction.label}:`);
    const opcode = instruction.opcode.toString(16).padStart(2, "0");
    lines.push(`${slot}: (${opcode}) ${instructionText(instruction)}`);
    slot += slotsOf(instruction);
  }
  return lines.join("\n");
}
