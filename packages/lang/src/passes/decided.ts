import { dominators } from "../ir/dominators.js";
import { type Block, type IrFunction, newValue, type Value } from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import { comparisonOf, decide } from "./known.js";
import type { Pass } from "./pass.js";

/** countsUp: a counter that starts at a constant not below 0 and only grows towards a signed limit never is negative. */
function countsUp(value: Value): boolean {
  if (value.op !== "phi" || value.args.length !== 2) return false;
  const start = value.args.find((arg) => arg.op === "const");
  const next = value.args.find((arg) => arg.op === "add");
  const by = next?.args[1];
  if (start === undefined || next?.args[0] !== value || by?.op !== "const") return false;
  const small = (constant: Value): boolean => constant.imm < 1n << BigInt(value.width - 2);
  if (!small(start) || !small(by)) return false;
  // The test at the loop's head keeps it from running over.
  const { end } = value.block;
  const test = end?.kind === "branch" ? comparisonOf(end.condition) : undefined;
  const limits = test?.condition === "slt" || test?.condition === "sle";
  if (!limits || test?.a !== value || test.b.op !== "const" || !small(test.b)) return false;
  return end?.kind === "branch" && dominatedBy(next.block, end.yes, value.block);
}

/** dominatedBy follows single predecessors and joins inside a loop up to a block whose only way in is the head's edge. */
function dominatedBy(block: Block, first: Block, head: Block): boolean {
  if (first.predecessors.length !== 1 || first.predecessors[0] !== head) return false;
  const seen = new Set<Block>([first]);
  const work = [block];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    if (seen.has(at)) continue;
    if (at === head || seen.size > 200) return false;
    seen.add(at);
    work.push(...at.predecessors);
  }
  return true;
}

/** unsignedForm makes signed comparisons of what is never negative unsigned: the verifier and later checks know more then. */
function unsignedForm(value: Value): void {
  const asked = comparisonOf(value);
  if (asked === undefined || !asked.condition.startsWith("s")) return;
  const half = 1n << BigInt(asked.a.width - 1);
  if (asked.b.op !== "const" || asked.b.imm >= half) return;
  const most = maxAt(asked.a, value.block, false);
  if (!countsUp(asked.a) && (most === undefined || most >= half)) return;
  value.condition =
    asked.condition === "slt"
      ? "ult"
      : asked.condition === "sle"
        ? "ule"
        : asked.condition === "sgt"
          ? "ugt"
          : "uge";
}

function constant(fn: IrFunction, block: Block, value: bigint, like: Value): Value {
  const made = newValue(fn, block, "const", 32, [], like.at);
  made.imm = value;
  block.values.push(made);
  return made;
}

/** decideKnown answers branches that those before them have answered, or whose values' bounds do: a bound is checked once. */
export const decideKnown: Pass = {
  name: "decide-known",
  needs: ["bounded", "folded"],
  gives: [],
  run(fn) {
    const tree = dominators(fn);
    const counters: Value[] = [];
    for (const block of fn.blocks)
      for (const value of block.values)
        if (value.op === "cmp" && value.condition?.startsWith("s")) counters.push(value);
    // Tests of one counter are changed together: the one at the loop's head is what the others are known by.
    const own = counters.filter(
      (value) => value.block.end?.kind === "branch" && value.block.end.condition === value,
    );
    for (const value of counters) if (!own.includes(value)) unsignedForm(value);
    for (const value of own) unsignedForm(value);
    for (const block of fn.blocks) {
      const { end } = block;
      if (end?.kind !== "branch") continue;
      const asked = comparisonOf(end.condition);
      if (asked === undefined) continue;
      const answer = decide(asked, tree, { from: undefined, to: block }, (value) =>
        maxAt(value, block, false),
      );
      if (answer === undefined) continue;
      block.end = { ...end, condition: constant(fn, block, answer ? 1n : 0n, end.condition) };
    }
  },
};
