import type { Slot } from "../ir/ir.js";
import { colour } from "./colour.js";
import { inOrder, keeper } from "./kept.js";
import {
  FRAME,
  isCopy,
  type MachineFunction,
  type MachineInstruction,
  type Register,
  reads,
  renameRegisters,
  writes,
} from "./machine.js";

/** maxRounds bounds spilling: each round makes live ranges shorter, real programs need one or two. */
const maxRounds = 12;

/** remake is the single instruction that makes a register's value anywhere, when there is one: cheaper than the stack. */
function remakes(fn: MachineFunction, spilled: ReadonlySet<Register>): Map<Register, MachineInstruction> {
  const found = new Map<Register, MachineInstruction>();
  const several = new Set<Register>();
  for (const block of fn.blocks) {
    for (const instruction of block.code) {
      for (const register of writes(instruction)) {
        if (!spilled.has(register)) continue;
        if (found.has(register)) several.add(register);
        found.set(register, instruction);
      }
    }
  }
  for (const [register, instruction] of found) {
    const cheap =
      instruction.kind === "wide" ||
      instruction.kind === "slot" ||
      (instruction.kind === "mov" && "constant" in instruction.operand);
    if (!cheap || several.has(register)) found.delete(register);
  }
  return found;
}

/** copyOf copies what renaming changes; the rest is shared. */
function copyOf(instruction: MachineInstruction): MachineInstruction {
  const copy = { ...instruction };
  if ("operand" in copy) copy.operand = { ...copy.operand };
  if ("address" in copy) copy.address = { ...copy.address };
  return copy;
}

/** spill rewrites the code so that the registers live in stack slots, loaded before each read and stored behind each write. */
function spill(fn: MachineFunction, spilled: ReadonlySet<Register>, short: Set<Register>): void {
  const again = remakes(fn, spilled);
  const slots = new Map<Register, Slot>();
  for (const register of spilled) {
    if (again.has(register)) continue;
    const slot: Slot = {
      id: -1 - fn.spills.length,
      name: `spill${fn.spills.length}`,
      size: 8,
      bytes: 8,
      from: 0,
      to: Number.POSITIVE_INFINITY,
      pinned: true,
    };
    slots.set(register, slot);
    fn.spills.push(slot);
  }
  const temporary = (): Register => {
    const register = fn.nextRegister++;
    short.add(register);
    return register;
  };
  const keep = keeper(fn);
  for (const block of inOrder(fn)) {
    const kept = keep(block);
    const code: MachineInstruction[] = [];
    for (const instruction of block.code) {
      const read = new Set(reads(instruction).filter((register) => spilled.has(register)));
      const written = new Set(writes(instruction).filter((register) => spilled.has(register)));
      if (read.size === 0 && written.size === 0) {
        code.push(instruction);
        kept.behind(instruction, new Map());
        continue;
      }
      const [only] = written;
      if (only !== undefined && again.get(only) === instruction) continue;
      const names = new Map<Register, Register>();
      for (const register of new Set([...read, ...written])) {
        const held = read.has(register) ? kept.at(register) : undefined;
        names.set(register, held ?? temporary());
      }
      for (const register of read) {
        if (kept.at(register) !== undefined) continue;
        const into = names.get(register) ?? register;
        const made = again.get(register);
        const slot = slots.get(register);
        if (made !== undefined) {
          const copy = copyOf(made);
          renameRegisters(
            copy,
            (each) => each,
            () => into,
          );
          code.push(copy);
        } else if (slot !== undefined) {
          code.push({
            kind: "load",
            dst: into,
            size: 8,
            signed: false,
            address: { base: FRAME, offset: 0, slot, core: undefined },
            at: instruction.at,
          });
        }
      }
      const rename = (register: Register): Register => names.get(register) ?? register;
      renameRegisters(instruction, rename, rename);
      code.push(instruction);
      kept.behind(instruction, names);
      for (const register of written) {
        const slot = slots.get(register);
        if (slot === undefined) continue;
        code.push({
          kind: "store",
          size: 8,
          address: { base: FRAME, offset: 0, slot, core: undefined },
          operand: { register: rename(register) },
          at: instruction.at,
        });
      }
    }
    block.code = code;
  }
}

/** allocate gives every virtual register a machine register or a stack slot. False means it gave up: our mistake. */
export function allocate(fn: MachineFunction): boolean {
  const short = new Set<Register>();
  for (let round = 0; round < maxRounds; round++) {
    const { colours, spilled } = colour(fn, short);
    if (spilled.size > 0) {
      spill(fn, spilled, short);
      continue;
    }
    const final = (register: Register): Register => colours.get(register) ?? register;
    for (const block of fn.blocks) {
      for (const instruction of block.code) renameRegisters(instruction, final, final);
      block.code = block.code.filter(
        (each) => !(isCopy(each) && each.width === 64 && each.operand.register === each.dst),
      );
    }
    return true;
  }
  return false;
}
