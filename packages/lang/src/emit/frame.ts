import type { Slot } from "../ir/ir.js";
import type { MachineFunction } from "./machine.js";

/** stackLimit is MAX_BPF_STACK, include/linux/filter.h: of a program and everything it calls. */
export const stackLimit = 512;

/** Frame says where each slot is, as a negative offset from r10. */
export interface Frame {
  readonly size: number;
  readonly offsets: ReadonlyMap<Slot, number>;
}

function slotsIn(fn: MachineFunction): Set<Slot> {
  const used = new Set<Slot>();
  for (const block of fn.blocks) {
    for (const instruction of block.code) {
      if (instruction.kind === "slot") used.add(instruction.slot);
      if ("address" in instruction && instruction.address.slot !== undefined)
        used.add(instruction.address.slot);
    }
  }
  return used;
}

/** layOut places slots one behind the other; those that never live at one time share bytes. */
export function layOut(slots: Iterable<Slot>): { size: number; starts: Map<Slot, number> } {
  const starts = new Map<Slot, number>();
  const placed: { slot: Slot; start: number }[] = [];
  let size = 0;
  // Large slots first: small ones then fit into the gaps.
  for (const slot of [...slots].sort((a, b) => b.size - a.size || a.id - b.id)) {
    const conflicts = placed
      .filter((other) => slot.from < other.slot.to && other.slot.from < slot.to)
      .sort((a, b) => a.start - b.start);
    let start = 0;
    for (const other of conflicts) {
      if (start + slot.size <= other.start) break;
      start = Math.max(start, other.start + other.slot.size);
    }
    placed.push({ slot, start });
    starts.set(slot, start);
    size = Math.max(size, start + slot.size);
  }
  return { size, starts };
}

/** layFrame places the slots that the code uses. */
export function layFrame(fn: MachineFunction): Frame {
  const { size, starts } = layOut(slotsIn(fn));
  return { size, offsets: new Map([...starts].map(([slot, start]) => [slot, -(start + slot.size)])) };
}
