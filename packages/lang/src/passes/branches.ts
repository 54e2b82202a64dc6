import { dropTrivialPhis } from "../ir/builder.js";
import {
  type Block,
  type IrFunction,
  inverse,
  pruneUnreachable,
  successors,
  usesOf,
  type Value,
} from "../ir/ir.js";
import type { Pass } from "./pass.js";
import { retarget } from "./prepare.js";

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

/** outcome tells whether a comparison is decided where control comes from `from` to `to`. */
function outcome(condition: Value, from: Block, to: Block): boolean | undefined {
  let [a, b] = [from, to];
  for (let steps = 0; steps < 16; steps++) {
    const { end } = a;
    if (end?.kind === "branch" && end.yes !== end.no) {
      const known = end.condition;
      const yes = end.yes === b;
      if (known === condition) return yes;
      if (
        known.op === "cmp" &&
        condition.op === "cmp" &&
        known.condition !== undefined &&
        known.args[0] === condition.args[0] &&
        known.args[1] === condition.args[1]
      ) {
        if (known.condition === condition.condition) return yes;
        if (inverse[known.condition] === condition.condition) return !yes;
      }
    }
    const [only] = a.predecessors;
    if (a.predecessors.length !== 1 || only === undefined) return undefined;
    [a, b] = [only, a];
  }
  return undefined;
}

/** usedOutside finds the blocks whose values other blocks need. */
function usedOutside(fn: IrFunction): Set<Block> {
  const found = new Set<Block>();
  for (const block of fn.blocks) {
    for (const value of block.values)
      for (const arg of value.args) if (arg.block !== block) found.add(arg.block);
    for (const value of usesOf(block.end)) if (value.block !== block) found.add(value.block);
  }
  return found;
}

/** thread leads ways whose outcome is known past a block that only decides. */
function thread(fn: IrFunction): boolean {
  let any = false;
  const usedElsewhere = usedOutside(fn);
  for (const block of fn.blocks) {
    const { end } = block;
    if (end?.kind !== "branch" || end.yes === block || end.no === block) continue;
    const decidesOnly = block.values.every((value) => value === end.condition || value.op === "const");
    if (!decidesOnly || usedElsewhere.has(block) || block.predecessors.length < 2) continue;
    for (const from of [...block.predecessors]) {
      if (from === block || successors(from).filter((each) => each === block).length !== 1) continue;
      const known = outcome(end.condition, from, block);
      if (known === undefined) continue;
      const to = known ? end.yes : end.no;
      if (to.predecessors.includes(from) || from.end === undefined) continue;
      const through = to.predecessors.indexOf(block);
      for (const value of to.values) {
        const arg = value.op === "phi" ? value.args[through] : undefined;
        if (arg !== undefined) value.args.push(arg);
      }
      to.predecessors.push(from);
      removePredecessor(block, block.predecessors.indexOf(from));
      from.end = retarget(from.end, block, to);
      any = true;
    }
  }
  if (any) pruneUnreachable(fn);
  return any;
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
