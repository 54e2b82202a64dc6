import type { IrFunction, Value } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import type { MachineBlock, MachineFunction, MachineInstruction, Register } from "./machine.js";

/** InstructionSet is a version of the BPF instruction set: v1 to v4 as clang's -mcpu has them. */
export type InstructionSet = "v1" | "v2" | "v3" | "v4";

/** Selection is the state of turning one function's values into instructions. */
export interface Selection {
  readonly fn: IrFunction;
  readonly out: MachineFunction;
  readonly set: InstructionSet;
  readonly main: boolean;
  /** registers are where values are that were computed once. */
  readonly registers: Map<Value, Register>;
  /** uses counts the readers of each value: results that nothing reads are not fetched. */
  readonly uses: Map<Value, number>;
  /** folded additions are part of the accesses that read them. */
  readonly folded: Set<Value>;
  /** same remembers which truncations change nothing. */
  readonly same: Map<Value, boolean>;
  /** framed additions of an index to a slot add it to the frame; the slot's place goes into the accesses. */
  readonly framed: Set<Value>;
  /** kept addresses of slots have a register of their own: a loop reads it. */
  readonly kept: Set<Value>;
  /** block is the one being filled. */
  block: MachineBlock;
}

/** Shape is an instruction without its place in the source: Omit of a union would keep only what all its members share. */
type Shape = MachineInstruction extends infer T
  ? T extends MachineInstruction
    ? Omit<T, "at">
    : never
  : never;

/** push adds an instruction to the block that is being filled. */
export function push(s: Selection, at: Range, instruction: Shape): void {
  s.block.code.push({ ...instruction, at: { start: at.start, end: at.end } });
}

/** fresh gives a virtual register that nothing uses yet. */
export const fresh = (s: Selection): Register => s.out.nextRegister++;
