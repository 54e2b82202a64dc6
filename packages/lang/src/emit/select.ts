import { loopDepths } from "../ir/dominators.js";
import { type Block, type IrFunction, successors, usesOf, type Value } from "../ir/ir.js";
import { selectEnd } from "./branches.js";
import { addressesAlone, indexedSlots, keptSlots } from "./folded.js";
import { selectValue } from "./instructions.js";
import { firstVirtual, type MachineBlock, type MachineFunction, type Register } from "./machine.js";
import { materialise, registerOf } from "./operands.js";
import { fresh, type InstructionSet, push, type Selection } from "./selection.js";

/** SelectTarget says for what instructions are selected. */
export interface SelectTarget {
  readonly set: InstructionSet;
  /** main functions are called by the kernel. */
  readonly main: boolean;
}

/** select turns SSA into machine instructions on virtual registers. */
export function select(fn: IrFunction, target: SelectTarget): MachineFunction {
  const depths = loopDepths(fn);
  const out: MachineFunction = { source: fn, blocks: [], nextRegister: firstVirtual, spills: [] };
  const blocks = new Map<Block, MachineBlock>();
  for (const block of fn.blocks) {
    const made: MachineBlock = { id: block.id, depth: depths.get(block) ?? 0, code: [], successors: [] };
    blocks.set(block, made);
    out.blocks.push(made);
  }
  const machine = (block: Block): MachineBlock => {
    const found = blocks.get(block);
    if (found === undefined) throw new Error(`b${block.id} has no machine block`);
    return found;
  };
  const uses = new Map<Value, number>();
  const count = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const block of fn.blocks) {
    for (const value of block.values) value.args.forEach(count);
    usesOf(block.end).forEach(count);
  }
  const [entry] = out.blocks;
  if (entry === undefined) throw new Error("a function has an entry");
  const folded = addressesAlone(fn);
  const s: Selection = {
    fn,
    out,
    set: target.set,
    main: target.main,
    registers: new Map(),
    uses,
    folded,
    same: new Map(),
    framed: indexedSlots(fn, folded),
    kept: keptSlots(fn, depths),
    block: entry,
  };
  for (const value of fn.blocks[0]?.values ?? []) {
    if (value.op === "param")
      push(s, value.at, {
        kind: "mov",
        width: 64,
        dst: registerOf(s, value, value.at),
        operand: { register: Number(value.imm) + 1 },
      });
  }
  // Each phi has a register that the predecessors write and one that the block reads, so that copies cannot overtake each other.
  const incoming = new Map<Value, Register>();
  for (const block of fn.blocks) {
    s.block = machine(block);
    for (const value of block.values) {
      if (value.op !== "phi") continue;
      const register = fresh(s);
      incoming.set(value, register);
      push(s, value.at, {
        kind: "mov",
        width: 64,
        dst: registerOf(s, value, value.at),
        operand: { register },
      });
    }
  }
  for (const block of fn.blocks) {
    s.block = machine(block);
    for (const value of block.values) if (!s.folded.has(value)) selectValue(s, value);
    for (const next of new Set(successors(block))) {
      const from = next.predecessors.indexOf(block);
      for (const value of next.values) {
        if (value.op !== "phi") continue;
        const arg = value.args[from];
        const into = incoming.get(value);
        if (arg !== undefined && into !== undefined) materialise(s, arg, into, value.at);
      }
    }
    selectEnd(s, block, machine);
  }
  return out;
}
