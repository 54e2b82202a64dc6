import type { Slot } from "../ir/ir.js";
import type { MachineBlock, MachineFunction, MachineInstruction } from "./machine.js";

/** Access is a load or a store of a whole spilled register. */
interface Access {
  readonly slot: Slot;
  readonly isStore: boolean;
}

function accessOf(instruction: MachineInstruction, spills: ReadonlySet<Slot>): Access | undefined {
  if (instruction.kind !== "load" && instruction.kind !== "store") return undefined;
  const { slot } = instruction.address;
  if (slot === undefined || !spills.has(slot)) return undefined;
  return { slot, isStore: instruction.kind === "store" };
}

/** through goes backwards through a block, from the slots whose values are needed behind it to those needed before it. */
function through(
  block: MachineBlock,
  spills: ReadonlySet<Slot>,
  behind: Iterable<Slot>,
  stored: (slot: Slot, live: ReadonlySet<Slot>) => void = () => undefined,
): Set<Slot> {
  const live = new Set(behind);
  for (let at = block.code.length - 1; at >= 0; at--) {
    const instruction = block.code[at];
    const access = instruction && accessOf(instruction, spills);
    if (access === undefined) continue;
    if (access.isStore) {
      live.delete(access.slot);
      stored(access.slot, live);
    } else live.add(access.slot);
  }
  return live;
}

/** neededBefore gives the slots whose values each block needs from those before it. */
function neededBefore(fn: MachineFunction, spills: ReadonlySet<Slot>): Map<MachineBlock, Set<Slot>> {
  const needed = new Map<MachineBlock, Set<Slot>>(fn.blocks.map((block) => [block, new Set()]));
  const predecessors = new Map<MachineBlock, MachineBlock[]>();
  for (const block of fn.blocks)
    for (const next of block.successors) predecessors.set(next, [...(predecessors.get(next) ?? []), block]);
  const work = [...fn.blocks];
  const waiting = new Set(work);
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    waiting.delete(block);
    const now = through(block, spills, behindOf(block, needed));
    // Sets only grow: as many are the same.
    if (now.size === needed.get(block)?.size) continue;
    needed.set(block, now);
    for (const from of predecessors.get(block) ?? []) {
      if (waiting.has(from)) continue;
      waiting.add(from);
      work.push(from);
    }
  }
  return needed;
}

function behindOf(block: MachineBlock, needed: ReadonlyMap<MachineBlock, ReadonlySet<Slot>>): Set<Slot> {
  const behind = new Set<Slot>();
  for (const next of block.successors) for (const slot of needed.get(next) ?? []) behind.add(slot);
  return behind;
}

/**
 * shareSpills has spilled registers that are never needed at one time share a slot: each has one of its own from the register
 * allocation, for as long as the function runs. What a program does not need of its stack, those it calls have.
 */
export function shareSpills(fn: MachineFunction): void {
  const spills = new Set(fn.spills);
  if (spills.size < 2) return;
  const needed = neededBefore(fn, spills);
  const apart = new Map<Slot, Set<Slot>>(fn.spills.map((slot) => [slot, new Set()]));
  for (const block of fn.blocks) {
    through(block, spills, behindOf(block, needed), (slot, live) => {
      for (const other of live) {
        apart.get(slot)?.add(other);
        apart.get(other)?.add(slot);
      }
    });
  }
  const places = new Map<Slot, Slot>();
  const kept: Slot[] = [];
  for (const slot of fn.spills) {
    const taken = new Set([...(apart.get(slot) ?? [])].map((other) => places.get(other)));
    const place = kept.find((each) => !taken.has(each)) ?? slot;
    if (place === slot) kept.push(slot);
    places.set(slot, place);
  }
  for (const block of fn.blocks) {
    for (const instruction of block.code) {
      const access = accessOf(instruction, spills);
      const place = access && places.get(access.slot);
      if (place !== undefined && "address" in instruction)
        instruction.address = { ...instruction.address, slot: place };
    }
  }
  fn.spills.splice(0, fn.spills.length, ...kept);
}
