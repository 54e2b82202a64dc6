import {
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
  type Register,
  writes,
} from "./machine.js";

/** farthest is how many instructions behind a comparison its register is still at hand. */
const farthest = 16;

/** most is how many such registers there are at once: each takes one of the machine's ten. */
const most = 2;

/**
 * Kept are spilled registers that were compared just before, by the register they were compared in. What is read behind a
 * comparison must be read from there: the verifier learns bounds of the register that was compared, and of what it knows to
 * be its copies; a value loaded from the stack again may be none to it (clear_singular_ids, kernel/bpf/verifier.c).
 */
export interface Kept {
  /** at gives the register that holds a spilled one's value, when there is one. */
  at(register: Register): Register | undefined;
  /** behind goes on behind an instruction of the old code, whose spilled registers were named anew. */
  behind(instruction: MachineInstruction, names: ReadonlyMap<Register, Register>): void;
}

type State = ReadonlyMap<Register, { readonly held: Register; readonly age: number }>;

/** inOrder gives blocks with each behind the only block that leads to it. */
export function inOrder(fn: MachineFunction): MachineBlock[] {
  const [entry] = fn.blocks;
  const seen = new Set<MachineBlock>();
  const open = entry === undefined ? [] : [entry];
  for (let block = open.pop(); block !== undefined; block = open.pop()) {
    if (seen.has(block)) continue;
    seen.add(block);
    open.push(...block.successors);
  }
  return [...seen, ...fn.blocks.filter((block) => !seen.has(block))];
}

/** keeper starts a pass over the blocks of a function, in order. */
export function keeper(fn: MachineFunction): (block: MachineBlock) => Kept {
  const before = new Map<MachineBlock, MachineBlock[]>();
  for (const block of fn.blocks)
    for (const next of new Set(block.successors)) before.set(next, [...(before.get(next) ?? []), block]);
  const leaving = new Map<MachineBlock, State>();
  return (block) => {
    const [only, other] = before.get(block) ?? [];
    const entering = only === undefined || other !== undefined ? undefined : leaving.get(only);
    const state = new Map(entering ?? []);
    leaving.set(block, state);
    return {
      at: (register) => state.get(register)?.held,
      behind(instruction, names) {
        if (instruction.kind.startsWith("call")) state.clear();
        const written = new Set(writes(instruction));
        for (const [register, { held, age }] of state) {
          if (age >= farthest || written.has(held)) state.delete(register);
          else state.set(register, { held, age: age + 1 });
        }
        for (const [register, name] of names) {
          if (written.has(name)) state.delete(register);
          else if (instruction.kind === "jump-if" && state.size < most)
            state.set(register, { held: name, age: 0 });
        }
      },
    };
  };
}
