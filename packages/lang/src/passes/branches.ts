import { dropTrivialPhis } from "../ir/builder.js";
import { type Block, type IrFunction, pruneUnreachable, successors } from "../ir/ir.js";
import type { Pass } from "./pass.js";
import { retarget } from "./prepare.js";
import { thread } from "./thread.js";

/** decideConstant makes jumps of branches whose condition is known or whose sides are one. */
function decideConstant(fn: IrFunction): void {
  for (const block of fn.blocks) {
    const { end } = block;
    if (end?.kind !== "branch") continue;
    if (end.yes === end.no) {
      const at = end.yes.predecessors.lastIndexOf(block);
      removePredecessor(end.yes, at);
      block.end = { kind: "jump", to: end.yes, at: end.at };
    } else if (end.condition.op === "const") {
      const taken = end.condition.imm !== 0n ? end.yes : end.no;
      const other = taken === end.yes ? end.no : end.yes;
      removePredecessor(other, other.predecessors.indexOf(block));
      block.end = { kind: "jump", to: taken, at: end.at };
    }
  }
  pruneUnreachable(fn);
}

function removePredecessor(block: Block, at: number): void {
  if (at < 0) return;
  block.predecessors.splice(at, 1);
  for (const value of block.values) if (value.op === "phi") value.args.splice(at, 1);
}

/** merge joins a block with its only successor when that has no other predecessor, and skips empty blocks. */
function merge(fn: IrFunction): boolean {
  let any = false;
  for (const block of [...fn.blocks]) {
    for (;;) {
      const { end } = block;
      if (
        end?.kind !== "jump" ||
        end.to === block ||
        end.to.predecessors.length !== 1 ||
        end.to === fn.blocks[0]
      )
        break;
      const { to } = end;
      if (to.values.some((value) => value.op === "phi")) break;
      for (const value of to.values) value.block = block;
      block.values.push(...to.values);
      block.end = to.end;
      for (const next of new Set(successors(to)))
        next.predecessors = next.predecessors.map((each) => (each === to ? block : each));
      to.values = [];
      to.end = undefined;
      fn.blocks.splice(fn.blocks.indexOf(to), 1);
      any = true;
    }
  }
  for (const block of [...fn.blocks]) {
    const { end } = block;
    if (end?.kind !== "jump" || block.values.length > 0 || block === fn.blocks[0] || end.to === block)
      continue;
    const { to } = end;
    // With phis the ways must stay apart unless the predecessor does not reach the target otherwise.
    if (block.predecessors.some((from) => successors(from).includes(to))) continue;
    const at = to.predecessors.indexOf(block);
    const before = [...block.predecessors];
    if (before.length === 0) continue;
    for (const value of to.values) {
      const arg = value.op === "phi" ? value.args[at] : undefined;
      if (arg !== undefined) value.args.splice(at, 1, ...before.map(() => arg));
    }
    to.predecessors.splice(at, 1, ...before);
    for (const from of before) if (from.end !== undefined) from.end = retarget(from.end, block, to);
    fn.blocks.splice(fn.blocks.indexOf(block), 1);
    any = true;
  }
  return any;
}

/** simplifyBranches removes decisions that are made already and blocks that only lead on. */
export const simplifyBranches: Pass = {
  name: "simplify-branches",
  needs: ["no-traps"],
  gives: [],
  run(fn) {
    for (let round = 0; round < 4; round++) {
      decideConstant(fn);
      const changed = [thread(fn), merge(fn), dropTrivialPhis(fn)];
      if (!changed.some(Boolean)) break;
    }
  },
};
