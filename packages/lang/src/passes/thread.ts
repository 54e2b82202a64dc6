import { dominates, dominators } from "../ir/dominators.js";
import {
  type Block,
  type IrFunction,
  opRows,
  pruneUnreachable,
  successors,
  usesOf,
  type Value,
} from "../ir/ir.js";
import { shapeMax } from "../ir/range.js";
import { type Reader, repair } from "../ir/repair.js";
import { comparisonOf, decide } from "./known.js";
import { retarget } from "./prepare.js";

/** copyLimit is how many values a way may get a copy of to go past a decision. */
const copyLimit = 3;

/** threadLimit bounds the work on programs that are all branches. */
const threadLimit = 400;

/** isNotNil: the ways a pointer is made by that may not be nil, as checkNil sees it. */
function isNotNil(phi: Value, arg: Value): boolean {
  return phi.nilable && !arg.nilable && arg.op !== "const" && arg.op !== "phi";
}

/** outcome tells where a decision goes for those that come from one predecessor. */
function outcome(
  block: Block,
  condition: Value,
  from: Block,
  tree: ReadonlyMap<Block, Block>,
): boolean | undefined {
  const index = block.predecessors.indexOf(from);
  const here = (value: Value): Value =>
    value.op === "phi" && value.block === block ? (value.args[index] ?? value) : value;
  const cmp = comparisonOf(condition);
  if (cmp === undefined) {
    const value = here(condition);
    return value.op === "const" ? value.imm !== 0n : undefined;
  }
  const [a, b] = [here(cmp.a), here(cmp.b)];
  if (b.op === "const" && b.imm === 0n && isNotNil(cmp.a, a)) {
    if (cmp.condition === "eq") return false;
    if (cmp.condition === "ne") return true;
  }
  return decide({ condition: cmp.condition, a, b }, tree, { from, to: block }, shapeMax);
}

/** movable lists what a decision's block computes besides phis, when a way past it may have a copy. */
function movable(block: Block): Value[] | undefined {
  const rest = block.values.filter((value) => value.op !== "phi");
  const counted = rest.filter((value) => value.op !== "const" && value.op !== "cmp");
  const pure = rest.every((value) => opRows[value.op].pure);
  return pure && counted.length <= copyLimit ? rest : undefined;
}

/** Led is a way that goes past a decision: the block it goes through, and what stands there for the decision's values. */
interface Led {
  readonly middle: Block;
  readonly copies: ReadonlyMap<Value, Value>;
}

/** lead takes the way from a predecessor past a decision to where it goes anyway. */
function lead(fn: IrFunction, block: Block, from: Block, to: Block, rest: readonly Value[], id: number): Led {
  const at = block.end?.at ?? fn.at;
  const middle: Block = { id, values: [], predecessors: [from], end: { kind: "jump", to, at } };
  const index = block.predecessors.indexOf(from);
  const copies = new Map<Value, Value>();
  const copied = (value: Value): Value => copies.get(value) ?? value;
  for (const value of block.values)
    if (value.op === "phi" && value.args[index] !== undefined) copies.set(value, value.args[index] ?? value);
  for (const value of rest) {
    const copy: Value = { ...value, id: fn.nextId++, args: value.args.map(copied), block: middle };
    copies.set(value, copy);
    middle.values.push(copy);
  }
  const through = to.predecessors.indexOf(block);
  to.predecessors.push(middle);
  for (const value of to.values) {
    const arg = value.op === "phi" ? value.args[through] : undefined;
    if (arg !== undefined) value.args.push(copied(arg));
  }
  block.predecessors.splice(index, 1);
  for (const value of block.values) if (value.op === "phi") value.args.splice(index, 1);
  if (from.end !== undefined) from.end = retarget(from.end, block, middle);
  fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, middle);
  return { middle, copies };
}

/** join gives what read the decision's values behind it the ones of the way that was taken. */
function join(fn: IrFunction, block: Block, ways: readonly Led[]): void {
  for (const [old, readers] of readersOutside(fn, block)) {
    const definitions = new Map<Block, Value>([[block, old]]);
    for (const { middle, copies } of ways) {
      const copy = copies.get(old);
      if (copy !== undefined) definitions.set(middle, copy);
    }
    repair(fn, old, definitions, readers);
  }
}

/** readersOutside finds what reads a block's values where another block leads. */
function readersOutside(fn: IrFunction, block: Block): Map<Value, Reader[]> {
  const found = new Map<Value, Reader[]>();
  const add = (read: Value, reader: Reader): void => {
    if (read.block !== block) return;
    const readers = found.get(read);
    if (readers === undefined) found.set(read, [reader]);
    else readers.push(reader);
  };
  for (const other of fn.blocks) {
    for (const value of other.values) {
      // A phi of the block itself reads what comes round its loop.
      if (other === block && value.op !== "phi") continue;
      for (const arg of value.args) add(arg, { block: other, value });
    }
    if (other !== block)
      for (const value of usesOf(other.end)) add(value, { block: other, value: undefined });
  }
  return found;
}

/**
 * entries are the ways to a decision that may be led past it. Past a loop's head all ways into the loop must go, and to one
 * place, which then is the loop's head; the test comes at its end.
 */
function entries(block: Block, condition: Value, tree: ReadonlyMap<Block, Block>): Block[] {
  const isBack = (from: Block): boolean => dominates(tree, block, from);
  const once = (from: Block): boolean => successors(from).filter((each) => each === block).length === 1;
  const into = block.predecessors.filter((from) => !isBack(from));
  if (into.length === block.predecessors.length) return into.filter(once);
  if (!into.every(once)) return [];
  const first = into[0];
  const way = first === undefined ? undefined : outcome(block, condition, first, tree);
  const { end } = block;
  if (way === undefined || end?.kind !== "branch") return [];
  const target = way ? end.yes : end.no;
  const inside =
    target.predecessors.length === 1 &&
    block.predecessors.some((from) => isBack(from) && dominates(tree, target, from));
  return inside && into.every((from) => outcome(block, condition, from, tree) === way) ? into : [];
}

/** thread leads ways whose outcome is known past the blocks that decide it. */
export function thread(fn: IrFunction): boolean {
  let id = fn.blocks.reduce((most, block) => Math.max(most, block.id), 0) + 1;
  let count = 0;
  let tree = dominators(fn);
  let isOld = false;
  for (const block of [...fn.blocks]) {
    // What an earlier round made unreachable is gone from the tree of dominators.
    if (!tree.has(block) || count >= threadLimit) continue;
    const { end } = block;
    if (end?.kind !== "branch" || end.yes === end.no || block.predecessors.length < 2) continue;
    if (end.yes === block || end.no === block) continue;
    const rest = movable(block);
    if (rest === undefined) continue;
    if (isOld) tree = dominators(fn);
    isOld = false;
    if (!tree.has(block)) continue;
    const ways: Led[] = [];
    for (const from of entries(block, end.condition, tree)) {
      const known = outcome(block, end.condition, from, tree);
      if (known !== undefined) ways.push(lead(fn, block, from, known ? end.yes : end.no, rest, id++));
    }
    if (ways.length === 0) continue;
    count += ways.length;
    join(fn, block, ways);
    pruneUnreachable(fn);
    isOld = true;
  }
  return count > 0;
}
