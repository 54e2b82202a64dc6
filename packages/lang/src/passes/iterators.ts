import { type Block, type IrFunction, newValue, type Slot, successors, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";
import { retarget } from "./prepare.js";

function slotOf(value: Value | undefined): Slot | undefined {
  return value?.op === "slot" ? value.slot : undefined;
}

/** isNext tells whether a value is what an iterator meets next: a loop that asks ends when it is nil. */
export function isNext(value: Value): boolean {
  return value.op === "callk" && /^bpf_iter_\w+_next$/.test(value.kfunc?.name ?? "");
}

/** goesOn finds the blocks from which the iterator is still asked, before it is made again. */
function goesOn(fn: IrFunction, slot: Slot): Set<Block> {
  const found = new Set<Block>();
  const work = fn.blocks.filter((block) =>
    block.values.some((value) => isNext(value) && slotOf(value.args[0]) === slot),
  );
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (found.has(block)) continue;
    found.add(block);
    const makes = block.values.some(
      (value) => value.giveBack !== undefined && slotOf(value.args[0]) === slot,
    );
    if (!makes) work.push(...block.predecessors);
  }
  return found;
}

/** endOn puts the iterator's end on an edge. */
function endOn(fn: IrFunction, from: Block, to: Block, made: Value, slot: Slot): void {
  const { end } = from;
  if (end === undefined || made.giveBack === undefined) return;
  const id = fn.blocks.reduce((most, block) => Math.max(most, block.id), 0) + 1;
  const between: Block = { id, values: [], predecessors: [from], end: { kind: "jump", to, at: end.at } };
  const address = newValue(fn, between, "slot", 64, [], end.at);
  address.slot = slot;
  const call = newValue(fn, between, "callk", 64, [address], end.at);
  call.kfunc = made.giveBack;
  between.values.push(address, call);
  if (made.unlock !== undefined) {
    const unlock = newValue(fn, between, "callk", 64, [], end.at);
    unlock.kfunc = made.unlock;
    between.values.push(unlock);
  }
  to.predecessors[to.predecessors.indexOf(from)] = between;
  from.end = retarget(end, to, between);
  fn.blocks.splice(fn.blocks.indexOf(from) + 1, 0, between);
}

/** closeIterators ends each iterator where it is left: behind its loop, and where a break, a return or a wrong index leaves it. */
export const closeIterators: Pass = {
  name: "close-iterators",
  needs: ["ssa"],
  gives: ["iterators-closed"],
  run(fn) {
    const made = fn.blocks.flatMap((block) =>
      block.values.filter((value) => value.giveBack !== undefined && slotOf(value.args[0]) !== undefined),
    );
    for (const value of made) {
      const slot = slotOf(value.args[0]);
      if (slot === undefined) continue;
      const inside = goesOn(fn, slot);
      for (const from of [...inside])
        for (const to of new Set(successors(from))) if (!inside.has(to)) endOn(fn, from, to, value, slot);
    }
  },
};
