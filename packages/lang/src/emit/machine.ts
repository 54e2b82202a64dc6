import type { AluName, Condition as JumpCondition } from "@go3s/bpf";
import type { CorePath, CoreQuery, Extern, IrFunction, Size, Slot, Text, Width } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import type { GlobalSymbol, MapSymbol } from "../types/symbols.js";

/** Register is 0 to 10 for the machine's own, from 16 on for virtual ones. */
export type Register = number;
export const FRAME: Register = 10;
export const firstVirtual: Register = 16;

/** Operand of an instruction: a register or a constant. */
export type Operand = { readonly register: Register } | { readonly constant: number };

/**
 * Place in memory: a register or the frame, and an offset; slots are laid out after registers are allocated. With a slot
 * and a register, the register is the frame with an index added, and the slot's place in the frame is added to the offset.
 */
export interface Address {
  base: Register;
  readonly offset: number;
  readonly slot: Slot | undefined;
  readonly core: CorePath | undefined;
}

/** Wide is what an ld_imm64 loads. */
export type Wide =
  | { readonly kind: "number"; readonly value: bigint; readonly query?: CoreQuery }
  | { readonly kind: "map"; readonly map: MapSymbol }
  | { readonly kind: "global"; readonly global: GlobalSymbol | Text; readonly offset: number }
  | { readonly kind: "extern"; readonly extern: Extern }
  | { readonly kind: "function"; readonly function: IrFunction };

export type MachineInstruction = { at: Range } & (
  | {
      kind: "alu";
      name: Exclude<AluName, "mov">;
      width: Width;
      dst: Register;
      operand: MutableOperand;
      core?: CorePath;
    }
  | { kind: "neg"; width: Width; dst: Register }
  | { kind: "swap"; dst: Register; bits: 16 | 32 | 64 }
  | { kind: "mov"; width: Width; dst: Register; operand: MutableOperand; query?: CoreQuery }
  | { kind: "sext"; dst: Register; src: Register; bits: 8 | 16 | 32; width: Width }
  | { kind: "wide"; dst: Register; value: Wide }
  | { kind: "slot"; dst: Register; slot: Slot; offset: number }
  | { kind: "load"; dst: Register; size: Size; signed: boolean; address: Address }
  | { kind: "store"; size: Size; address: Address; operand: MutableOperand }
  | { kind: "atomic"; name: "add" | "xchg"; size: 4 | 8; address: Address; src: Register }
  | { kind: "call"; helper: number; arguments: number }
  | { kind: "call-kernel"; extern: Extern; arguments: number }
  | { kind: "call-function"; function: IrFunction; arguments: number }
  | {
      kind: "jump-if";
      condition: JumpCondition;
      width: Width;
      left: Register;
      operand: MutableOperand;
      to: MachineBlock;
    }
  | { kind: "jump"; to: MachineBlock }
  | { kind: "exit" }
);

export type MutableOperand = { register: Register } | { constant: number };

export interface MachineBlock {
  readonly id: number;
  /** depth is how many loops are around. */
  readonly depth: number;
  code: MachineInstruction[];
  successors: MachineBlock[];
}

export interface MachineFunction {
  readonly source: IrFunction;
  readonly blocks: MachineBlock[];
  nextRegister: Register;
  /** spills are the slots that register allocation added. */
  readonly spills: Slot[];
}

const registerOf = (operand: MutableOperand): Register[] => ("register" in operand ? [operand.register] : []);
/** hasBase: a slot's place is the frame's, or that of an index which the frame was added to. */
const hasBase = (address: Address): boolean => address.slot === undefined || address.base !== FRAME;
const baseOf = (address: Address): Register[] => (hasBase(address) ? [address.base] : []);

/** reads lists the registers an instruction reads; the frame pointer is not one of them. */
export function reads(instruction: MachineInstruction): Register[] {
  switch (instruction.kind) {
    case "alu":
      return [instruction.dst, ...registerOf(instruction.operand)];
    case "neg":
    case "swap":
      return [instruction.dst];
    case "mov":
      return registerOf(instruction.operand);
    case "sext":
      return [instruction.src];
    case "load":
      return baseOf(instruction.address);
    case "store":
      return [...baseOf(instruction.address), ...registerOf(instruction.operand)];
    case "atomic":
      return [...baseOf(instruction.address), instruction.src];
    case "call":
    case "call-function":
    case "call-kernel":
      return [1, 2, 3, 4, 5].slice(0, instruction.arguments);
    case "jump-if":
      return [instruction.left, ...registerOf(instruction.operand)];
    case "exit":
      return [0];
    default:
      return [];
  }
}

const clobbered: readonly Register[] = [0, 1, 2, 3, 4, 5];

/** writes lists the registers an instruction changes; calls clobber r0 to r5. */
export function writes(instruction: MachineInstruction): readonly Register[] {
  switch (instruction.kind) {
    case "call":
    case "call-function":
    case "call-kernel":
      return clobbered;
    case "atomic":
      return instruction.name === "xchg" ? [instruction.src] : [];
    case "store":
    case "jump-if":
    case "jump":
    case "exit":
      return [];
    default:
      return [instruction.dst];
  }
}

/** renameRegisters rewrites the registers of an instruction in place; reads and writes may go to different ones. */
export function renameRegisters(
  instruction: MachineInstruction,
  read: (register: Register) => Register,
  write: (register: Register) => Register,
): void {
  const operand = (of: MutableOperand): void => {
    if ("register" in of) of.register = read(of.register);
  };
  const address = (of: Address): void => {
    if (hasBase(of)) of.base = read(of.base);
  };
  switch (instruction.kind) {
    case "alu":
      operand(instruction.operand);
      instruction.dst = write(instruction.dst);
      break;
    case "neg":
    case "swap":
    case "wide":
    case "slot":
      instruction.dst = write(instruction.dst);
      break;
    case "mov":
      operand(instruction.operand);
      instruction.dst = write(instruction.dst);
      break;
    case "sext":
      instruction.src = read(instruction.src);
      instruction.dst = write(instruction.dst);
      break;
    case "load":
      address(instruction.address);
      instruction.dst = write(instruction.dst);
      break;
    case "store":
      address(instruction.address);
      operand(instruction.operand);
      break;
    case "atomic":
      address(instruction.address);
      instruction.src = instruction.name === "xchg" ? write(instruction.src) : read(instruction.src);
      break;
    case "jump-if":
      instruction.left = read(instruction.left);
      operand(instruction.operand);
      break;
    default:
  }
}

/** isCopy tells whether an instruction only moves a register, so that both may become one. */
export function isCopy(
  instruction: MachineInstruction,
): instruction is MachineInstruction & { kind: "mov"; operand: { register: Register } } {
  return instruction.kind === "mov" && "register" in instruction.operand;
}
