import { type Block, type IrFunction, newValue, opRows, usesOf, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

/** termLimit bounds how many words one comparison is taken apart into. */
const termLimit = 16;

function usesIn(fn: IrFunction): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const block of fn.blocks) {
    for (const value of block.values) value.args.forEach(count);
    usesOf(block.end).forEach(count);
  }
  return uses;
}

/** termsOf lists the words of which a combined difference is made, first to last. */
function termsOf(value: Value, uses: ReadonlyMap<Value, number>, found: Value[]): Value[] {
  const [a, b] = value.args;
  const single = uses.get(value) === 1;
  if (value.op === "or" && single && a !== undefined && b !== undefined && b.op !== "const") {
    termsOf(a, uses, found);
    return termsOf(b, uses, found);
  }
  if (value.op === "zext" && single && a !== undefined) return termsOf(a, uses, found);
  found.push(value);
  return found;
}

function constant(fn: IrFunction, block: Block, like: Value): Value {
  const zero = newValue(fn, block, "const", like.width, [], like.at);
  block.values.push(zero);
  return zero;
}

/** compareTerm puts the test of one word at a block's end: `a ^ b` is not 0 where a and b differ. */
function compareTerm(
  fn: IrFunction,
  block: Block,
  term: Value,
  at: Value,
  uses: ReadonlyMap<Value, number>,
): Value {
  const [a, b] = term.args;
  const differs = term.op === "xor" && uses.get(term) === 1 && a !== undefined && b !== undefined;
  const args = differs ? [a, b] : [term, constant(fn, block, term)];
  const test = newValue(fn, block, "cmp", 32, args, at.at);
  test.condition = at.condition;
  block.values.push(test);
  return test;
}

/** sink moves what only a later test needs to where that test is, unless memory may change on the way. */
function sink(from: Block, to: Block, root: Value, uses: ReadonlyMap<Value, number>): void {
  const moved: Value[] = [];
  const work = [root];
  const effect = from.values.findLastIndex((value) => !opRows[value.op].pure && value.op !== "load");
  for (let value = work.pop(); value !== undefined; value = work.pop()) {
    if (value.block !== from || uses.get(value) !== 1 || value.op === "phi" || value.op === "const") continue;
    if (!opRows[value.op].pure && value.op !== "load") continue;
    if (value.op === "load" && from.values.indexOf(value) < effect) continue;
    moved.push(value);
    work.push(...value.args);
  }
  if (moved.length === 0) return;
  const going = new Set(moved);
  to.values.push(...from.values.filter((value) => going.has(value)));
  from.values = from.values.filter((value) => !going.has(value));
  for (const value of moved) value.block = to;
}

/** takeApart makes one branch of each word of a comparison. */
function takeApart(fn: IrFunction, block: Block, uses: ReadonlyMap<Value, number>, id: number): number {
  const { end } = block;
  if (end?.kind !== "branch" || end.yes === end.no) return 0;
  const { condition } = end;
  const [difference, zero] = condition.args;
  const equal = condition.condition === "eq";
  if (condition.op !== "cmp" || (!equal && condition.condition !== "ne") || condition.block !== block)
    return 0;
  if (uses.get(condition) !== 1 || difference === undefined || zero?.op !== "const" || zero.imm !== 0n)
    return 0;
  const terms = termsOf(difference, uses, []);
  if (terms.length < 2 || terms.length > termLimit) return 0;
  const decided = equal ? end.no : end.yes;
  const last = equal ? end.yes : end.no;
  const through = decided.predecessors.indexOf(block);
  const ways = terms.map(
    (_, i): Block => (i === 0 ? block : { id: id + i, values: [], predecessors: [], end: undefined }),
  );
  block.values = block.values.filter((value) => value !== condition);
  terms.forEach((term, i) => {
    const way = ways[i];
    if (way === undefined) return;
    if (i > 0) sink(block, way, term, uses);
    const test = compareTerm(fn, way, term, condition, uses);
    const next = ways[i + 1] ?? last;
    way.end = {
      ...end,
      condition: test,
      ...(equal ? { yes: next, no: decided } : { yes: decided, no: next }),
    };
    if (i === 0) return;
    way.predecessors = [ways[i - 1] ?? block];
    decided.predecessors.push(way);
    for (const value of decided.values) {
      const arg = value.op === "phi" ? value.args[through] : undefined;
      if (arg !== undefined) value.args.push(arg);
    }
  });
  const end2 = ways.at(-1);
  if (end2 !== undefined) last.predecessors[last.predecessors.indexOf(block)] = end2;
  fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, ...ways.slice(1));
  return terms.length;
}

/** compareWords compares texts of several words one word after the other: most differ in the first. */
export const compareWords: Pass = {
  name: "compare-words",
  needs: ["folded"],
  gives: [],
  run(fn) {
    const uses = usesIn(fn);
    let id = fn.blocks.reduce((most, block) => Math.max(most, block.id), 0) + 1;
    for (const block of [...fn.blocks]) id += takeApart(fn, block, uses, id);
  },
};
