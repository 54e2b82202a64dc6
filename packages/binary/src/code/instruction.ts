import { elfMachine } from "../elf/constants.js";
import { BinaryError } from "../errors.js";
import {
  arm64Literal,
  arm64Target,
  isArm64Call,
  isArm64Refused,
  isArm64Return,
  isArm64Simulated,
} from "./arm64.js";
import type { ProbeCost } from "./cost.js";
import { decodeX86, opcodeMap, x86Instruction } from "./x86.js";
import { x86ProbeCost } from "./x86-probe.js";

/** Instruction is what callers need of any machine's instruction. */
export interface Instruction {
  /** offset in the decoded bytes. */
  readonly offset: number;
  readonly length: number;
  /** isReturn tells whether it leaves the function to its caller. */
  readonly isReturn: boolean;
  readonly isCall: boolean;
  /** target is the offset a relative branch or call goes to (it may lie outside the bytes). */
  readonly target: number | undefined;
  readonly probeCost: ProbeCost;
}

const shared = x86Instruction();

function decodeOneX86(code: Uint8Array, offset: number): Instruction | undefined {
  const length = decodeX86(code, offset, shared);
  if (length === 0) return undefined;
  const plain = shared.map === opcodeMap.ONE && !shared.vector;
  return {
    offset,
    length,
    isReturn: plain && (shared.opcode === 0xc3 || shared.opcode === 0xc2),
    isCall: plain && shared.opcode === 0xe8,
    target: shared.relative === undefined ? undefined : offset + length + shared.relative,
    probeCost: x86ProbeCost(shared),
  };
}

function decodeOneArm64(code: Uint8Array, offset: number): Instruction | undefined {
  if (offset + 4 > code.length) return undefined;
  const word = arm64Word(code, offset);
  const distance = arm64Target(word);
  const stepped = isArm64Refused(word) ? "refused" : "stepped";
  return {
    offset,
    length: 4,
    isReturn: isArm64Return(word),
    isCall: isArm64Call(word),
    target: distance === undefined ? undefined : offset + distance,
    probeCost: isArm64Simulated(word) ? "emulated" : stepped,
  };
}

/** checkMachine throws "unsupported-machine" for machines other than x86-64 and arm64. */
export function checkMachine(machine: number): void {
  if (machine !== elfMachine.X86_64 && machine !== elfMachine.AARCH64) {
    throw new BinaryError("unsupported-machine", `instructions of ELF machine ${machine} are not decoded`);
  }
}

/** decodeInstruction decodes one instruction; undefined when the bytes there are none. machine is an elfMachine value. */
export function decodeInstruction(
  machine: number,
  code: Uint8Array,
  offset: number,
): Instruction | undefined {
  if (offset < 0 || offset >= code.length) return undefined;
  checkMachine(machine);
  return machine === elfMachine.X86_64 ? decodeOneX86(code, offset) : decodeOneArm64(code, offset);
}

/** arm64Word reads the instruction word at offset as an unsigned number; the caller checked the bounds. */
export function arm64Word(code: Uint8Array, offset: number): number {
  const low = (code[offset] ?? 0) | ((code[offset + 1] ?? 0) << 8) | ((code[offset + 2] ?? 0) << 16);
  return (low | ((code[offset + 3] ?? 0) << 24)) >>> 0;
}

/** literalWords returns the offsets of the words that arm64 literal loads read: data between the instructions. */
function literalWords(code: Uint8Array): Set<number> {
  const data = new Set<number>();
  for (let at = 0; at + 4 <= code.length; at += 4) {
    const distance = arm64Literal(arm64Word(code, at));
    if (distance === undefined) continue;
    // 16 bytes is the widest literal load; a neighbouring word more or less is no instruction either.
    data.add(at + distance).add(at + distance + 4);
  }
  return data;
}

/**
 * returnOffsets decodes a function's bytes from its entry and returns the offsets of its return instructions. Throws
 * BinaryError "malformed" with the offset when something in between is no instruction: a guess could hit the middle of one.
 */
export function returnOffsets(machine: number, code: Uint8Array): number[] {
  checkMachine(machine);
  const offsets: number[] = [];
  if (machine === elfMachine.AARCH64) {
    const data = literalWords(code);
    for (let at = 0; at + 4 <= code.length; at += 4) {
      if (isArm64Return(arm64Word(code, at)) && !data.has(at)) offsets.push(at);
    }
    return offsets;
  }
  for (let at = 0; at < code.length; at += shared.length) {
    if (decodeX86(code, at, shared) === 0) {
      const bytes = Buffer.from(code.subarray(at, at + 8)).toString("hex");
      throw new BinaryError("malformed", `no x86-64 instruction begins with ${bytes}`, { offset: at });
    }
    if (shared.map === opcodeMap.ONE && !shared.vector && (shared.opcode === 0xc3 || shared.opcode === 0xc2))
      offsets.push(at);
  }
  return offsets;
}
