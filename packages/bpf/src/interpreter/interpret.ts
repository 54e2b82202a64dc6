import type { Instruction } from "../asm/instruction.js";
import {
  AluOperation,
  AtomicOperation,
  InstructionClass,
  JumpOperation,
  LD_IMM64,
  MemoryMode,
  PseudoSource,
  SOURCE_REGISTER,
} from "../asm/opcode.js";
import { BpfError } from "../errors.js";
import { alu32, swap16, swap32 } from "./alu32.js";
import { alu64 } from "./alu64.js";
import { atomicOutcome } from "./atomic.js";
import { holds } from "./condition.js";
import { InterpreterMemory } from "./memory.js";
import { faultAt, type PreparedProgram } from "./prepare.js";
import { newRegisters, type RegisterFile } from "./registers.js";

/** InterpreterHelper is a helper function: it gets r1 to r5 and gives r0. */
export type InterpreterHelper = (arguments_: readonly bigint[], memory: InterpreterMemory) => bigint;

/** InterpreterOptions are what a program is given. */
export interface InterpreterOptions {
  /** What it can reach besides its stack. */
  readonly memory?: InterpreterMemory;
  /** r1 and those behind it, at most five. */
  readonly arguments?: readonly bigint[];
  /** Helper functions by id. */
  readonly helpers?: ReadonlyMap<number, InterpreterHelper>;
  /** Gives the address of a map, variable or function that an ld_imm64 names. */
  readonly reference?: (instruction: Instruction) => bigint;
  /** How many instructions it may run; 10 million unless given. */
  readonly limit?: number;
}

/** InterpreterResult is what came out. */
export interface InterpreterResult {
  /** r0, unsigned 64 bits; the kernel gives back its lower half. */
  readonly result: bigint;
  readonly instructions: number;
}

const DEFAULT_LIMIT = 10_000_000;
/** Frames and their stacks as the kernel has them: MAX_CALL_FRAMES and MAX_BPF_STACK of bpf_verifier.h. */
const MAX_FRAMES = 8;
const STACK_BYTES = 512;
/** Rounds of a may_goto loop: BPF_MAX_LOOPS. */
const MAX_ROUNDS = 8 * 1024 * 1024;
const FRAME_POINTER = 10;
const SIZES = [4, 2, 1, 8] as const;

interface Frame {
  readonly back: number;
  readonly saved: BigUint64Array;
}

class Machine {
  readonly registers: RegisterFile = newRegisters();
  readonly memory: InterpreterMemory;
  readonly options: InterpreterOptions;
  readonly frames: Frame[] = [];
  next = 0;
  isDone = false;
  rounds = 0;

  constructor(options: InterpreterOptions) {
    this.options = options;
    this.memory = options.memory ?? new InterpreterMemory();
    const { unsigned } = this.registers;
    for (const [index, value] of (options.arguments ?? []).slice(0, 5).entries()) unsigned[index + 1] = value;
    const stack = this.memory.add("stack", new Uint8Array(MAX_FRAMES * STACK_BYTES));
    unsigned[FRAME_POINTER] = stack + BigInt(MAX_FRAMES * STACK_BYTES);
  }

  step(instruction: Instruction): void {
    switch (instruction.opcode & 7) {
      case InstructionClass.ALU64:
        this.#alu64(instruction);
        break;
      case InstructionClass.ALU:
        this.#alu32(instruction);
        break;
      case InstructionClass.JMP:
      case InstructionClass.JMP32:
        this.#jump(instruction);
        break;
      case InstructionClass.LDX:
        this.#load(instruction);
        break;
      case InstructionClass.LD:
        this.#loadImmediate(instruction);
        break;
      default:
        this.#store(instruction);
        break;
    }
  }

  #alu64(instruction: Instruction): void {
    const { opcode, dst, src, offset, imm } = instruction;
    const { half } = this.registers;
    const operation = opcode & 0xf0;
    if (operation === AluOperation.end) {
      this.#swap(dst, imm, true);
      return;
    }
    let low = imm >>> 0;
    let high = imm < 0 ? 0xffffffff : 0;
    if (opcode & SOURCE_REGISTER) {
      low = half[src * 2] ?? 0;
      high = half[src * 2 + 1] ?? 0;
      if (operation === AluOperation.mov && offset !== 0) {
        const value = this.#signed(low, offset);
        low = value >>> 0;
        high = value < 0 ? 0xffffffff : 0;
      }
    }
    if (!alu64(this.registers, operation, dst, low, high, offset))
      throw new BpfError("program-fault", "no such operation");
  }

  #alu32(instruction: Instruction): void {
    const { opcode, dst, src, offset, imm } = instruction;
    const { half } = this.registers;
    const operation = opcode & 0xf0;
    if (operation === AluOperation.end) {
      this.#swap(dst, imm, (opcode & SOURCE_REGISTER) !== 0);
      return;
    }
    let other = opcode & SOURCE_REGISTER ? (half[src * 2] ?? 0) : imm >>> 0;
    if (operation === AluOperation.mov && offset !== 0) other = this.#signed(other, offset);
    const value = alu32(operation, half[dst * 2] ?? 0, other, offset);
    if (value === undefined) throw new BpfError("program-fault", "no such operation");
    half[dst * 2] = value;
    half[dst * 2 + 1] = 0;
  }

  #signed(value: number, bits: number): number {
    if (bits === 8) return (value << 24) >> 24;
    if (bits === 16) return (value << 16) >> 16;
    if (bits === 32) return value | 0;
    throw new BpfError("program-fault", `no sign extension of ${bits} bits`);
  }

  // Little-endian machines only cut for `le` and reverse for `be` and bswap.
  #swap(dst: number, bits: number, isReversed: boolean): void {
    const { half } = this.registers;
    const low = half[dst * 2] ?? 0;
    const high = half[dst * 2 + 1] ?? 0;
    let [newLow, newHigh] = [low, high];
    if (bits === 16) [newLow, newHigh] = [isReversed ? swap16(low) : low & 0xffff, 0];
    else if (bits === 32) [newLow, newHigh] = [isReversed ? swap32(low) : low, 0];
    else if (bits !== 64) throw new BpfError("program-fault", `no byte swap of ${bits} bits`);
    else if (isReversed) [newLow, newHigh] = [swap32(high), swap32(low)];
    half[dst * 2] = newLow;
    half[dst * 2 + 1] = newHigh;
  }

  #jump(instruction: Instruction): void {
    const { opcode, dst, src, offset, imm } = instruction;
    const is64 = (opcode & 7) === InstructionClass.JMP;
    const operation = opcode & 0xf0;
    if (operation === JumpOperation.ja) {
      this.next += is64 ? offset : imm;
      return;
    }
    if (is64 && operation === JumpOperation.call) {
      this.#call(instruction);
      return;
    }
    if (is64 && operation === JumpOperation.exit) {
      this.#exit();
      return;
    }
    if (is64 && operation === JumpOperation.cond) {
      if (this.rounds++ < MAX_ROUNDS) return;
      this.next += offset;
      return;
    }
    const { half } = this.registers;
    const usesRegister = (opcode & SOURCE_REGISTER) !== 0;
    const low = usesRegister ? (half[src * 2] ?? 0) : imm >>> 0;
    const immHigh = imm < 0 ? 0xffffffff : 0;
    const ownLow = half[dst * 2] ?? 0;
    // A 32-bit comparison is one of words whose upper halves are the signs.
    const ownHigh = is64 ? (half[dst * 2 + 1] ?? 0) : ((ownLow | 0) >> 31) >>> 0;
    let high = usesRegister ? (half[src * 2 + 1] ?? 0) : immHigh;
    if (!is64) high = ((low | 0) >> 31) >>> 0;
    const isTrue = holds(operation, ownLow, ownHigh, low, high);
    if (isTrue === undefined) throw new BpfError("program-fault", "no such condition");
    if (isTrue) this.next += offset;
  }

  #call(instruction: Instruction): void {
    const { opcode, dst, src, imm } = instruction;
    const { unsigned } = this.registers;
    const isByRegister = (opcode & SOURCE_REGISTER) !== 0;
    if (!isByRegister && src === PseudoSource.CALL) {
      if (this.frames.length + 1 >= MAX_FRAMES) throw new BpfError("program-fault", "calls are too deep");
      this.frames.push({ back: this.next, saved: unsigned.slice(6, FRAME_POINTER + 1) });
      unsigned[FRAME_POINTER] = (unsigned[FRAME_POINTER] ?? 0n) - BigInt(STACK_BYTES);
      this.next += imm;
      return;
    }
    if (!isByRegister && src !== 0)
      throw new BpfError("program-fault", "kernel functions are not interpreted");
    const id = isByRegister ? Number(unsigned[dst] ?? 0n) : imm;
    const helper = this.options.helpers?.get(id);
    if (helper === undefined) throw new BpfError("program-fault", `no helper function ${id} was given`);
    unsigned[0] = helper([...unsigned.subarray(1, 6)], this.memory);
  }

  #exit(): void {
    const frame = this.frames.pop();
    if (frame === undefined) {
      this.isDone = true;
      return;
    }
    this.next = frame.back;
    this.registers.unsigned.set(frame.saved, 6);
  }

  #at(register: number, offset: number, size: number, isWrite: boolean): { view: DataView; low: number } {
    const { half } = this.registers;
    const sum = (half[register * 2] ?? 0) + offset;
    const low = sum >>> 0;
    const carry = sum > 0xffffffff ? 1 : sum < 0 ? -1 : 0;
    const high = ((half[register * 2 + 1] ?? 0) + carry) >>> 0;
    return { view: this.memory.view(high, low, size, isWrite), low };
  }

  #load(instruction: Instruction): void {
    const { opcode, dst, src, offset } = instruction;
    const size = SIZES[(opcode >> 3) & 3] ?? 8;
    const isSigned = (opcode & 0xe0) === MemoryMode.memsx;
    if (!isSigned && (opcode & 0xe0) !== MemoryMode.mem) throw new BpfError("program-fault", "no such load");
    const { view, low } = this.#at(src, offset, size, false);
    const { half } = this.registers;
    let value: number;
    if (size === 1) value = isSigned ? view.getInt8(low) : view.getUint8(low);
    else if (size === 2) value = isSigned ? view.getInt16(low, true) : view.getUint16(low, true);
    else value = isSigned && size === 4 ? view.getInt32(low, true) : view.getUint32(low, true);
    half[dst * 2] = value;
    half[dst * 2 + 1] = size === 8 ? view.getUint32(low + 4, true) : value < 0 ? 0xffffffff : 0;
  }

  #loadImmediate(instruction: Instruction): void {
    const { opcode, dst, src, imm, immHigh } = instruction;
    if (opcode !== LD_IMM64) throw new BpfError("program-fault", "legacy packet loads are not interpreted");
    this.next++;
    if (src === 0) {
      this.registers.half[dst * 2] = imm;
      this.registers.half[dst * 2 + 1] = immHigh;
      return;
    }
    const { reference } = this.options;
    if (reference === undefined)
      throw new BpfError("program-fault", "it names a map or variable, and none was given");
    this.registers.unsigned[dst] = reference(instruction);
  }

  #store(instruction: Instruction): void {
    const { opcode, dst, src, offset, imm } = instruction;
    const size = SIZES[(opcode >> 3) & 3] ?? 8;
    const isRegister = (opcode & 7) === InstructionClass.STX;
    if (isRegister && (opcode & 0xe0) === MemoryMode.atomic) {
      this.#atomic(instruction, size);
      return;
    }
    if ((opcode & 0xe0) !== MemoryMode.mem) throw new BpfError("program-fault", "no such store");
    const { half } = this.registers;
    const low = isRegister ? (half[src * 2] ?? 0) : imm >>> 0;
    const high = isRegister ? (half[src * 2 + 1] ?? 0) : imm < 0 ? 0xffffffff : 0;
    this.#put(dst, offset, size, low, high);
  }

  #put(register: number, offset: number, size: number, low: number, high: number): void {
    const { view, low: at } = this.#at(register, offset, size, true);
    if (size === 1) view.setUint8(at, low);
    else if (size === 2) view.setUint16(at, low, true);
    else view.setUint32(at, low, true);
    if (size === 8) view.setUint32(at + 4, high, true);
  }

  #atomic(instruction: Instruction, size: number): void {
    const { dst, src, offset, imm } = instruction;
    const { half, unsigned } = this.registers;
    if (imm === AtomicOperation.load_acquire) {
      const plain = {
        ...instruction,
        opcode: (instruction.opcode & 0x18) | InstructionClass.LDX | MemoryMode.mem,
      };
      this.#load(plain);
      return;
    }
    if (imm === AtomicOperation.store_release) {
      this.#put(dst, offset, size, half[src * 2] ?? 0, half[src * 2 + 1] ?? 0);
      return;
    }
    if (size < 4) throw new BpfError("program-fault", "atomic operations have 4 or 8 bytes");
    const { view, low } = this.#at(dst, offset, size, true);
    const cut = (value: bigint): bigint => (size === 8 ? value : value & 0xffffffffn);
    const old = size === 8 ? view.getBigUint64(low, true) : BigInt(view.getUint32(low, true));
    const operand = cut(unsigned[src] ?? 0n);
    const outcome = atomicOutcome(instruction, old, operand, cut(unsigned[0] ?? 0n));
    if (outcome === undefined) throw new BpfError("program-fault", "no such atomic operation");
    if (outcome.store !== undefined && size === 8)
      view.setBigUint64(low, BigInt.asUintN(64, outcome.store), true);
    else if (outcome.store !== undefined)
      view.setUint32(low, Number(BigInt.asUintN(32, outcome.store)), true);
    if (outcome.register !== undefined) unsigned[outcome.register] = old;
  }
}

/**
 * interpret runs a program without a kernel, with every access checked. It knows all of ISA v1 to v4 but kernel
 * functions, arenas and legacy packet loads. Throws BpfError `program-fault` with the instruction that did what the
 * verifier would not have let through, or that ran into the limit. 50 M instructions a CPU-second measured.
 */
export function interpret(program: PreparedProgram, options: InterpreterOptions = {}): InterpreterResult {
  const machine = new Machine(options);
  const limit = options.limit ?? DEFAULT_LIMIT;
  const { slots } = program;
  let instructions = 0;
  while (!machine.isDone) {
    const slot = machine.next;
    const instruction = slots[slot];
    if (instruction === undefined)
      throw faultAt(slot, undefined, "the program runs to where there is no instruction");
    if (++instructions > limit)
      throw faultAt(slot, instruction, `the program ran for more than ${limit} instructions`);
    machine.next = slot + 1;
    try {
      machine.step(instruction);
    } catch (error) {
      if (error instanceof BpfError) throw faultAt(slot, instruction, error.message, error);
      throw error;
    }
  }
  return { result: machine.registers.unsigned[0] ?? 0n, instructions };
}
