import { dominates, dominators, type Loop, naturalLoops } from "../ir/dominators.js";
import { type Block, type Condition, inverse, mirrored, type Value } from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import type { Pass } from "./pass.js";

/** instructionBudget: the verifier follows at most 1,000,000 instructions (BPF_COMPLEXITY_LIMIT_INSNS); one value is about one. */
const instructionBudget = 800_000n;

/** typeBound: a bound this large is only that of the counter's type, no bound of the program's. */
const typeBound = 1n << 24n;

/** counterOf looks through extensions and masks to the loop's phi, and tells what was added on the way. */
function counterOf(value: Value, head: Block): { phi: Value; plus: bigint } | undefined {
  let at = value;
  let plus = 0n;
  for (let steps = 0; steps < 8; steps++) {
    if (at.op === "phi") return at.block === head ? { phi: at, plus } : undefined;
    const [a, b] = at.args;
    if (a === undefined) return undefined;
    if (at.op === "add" && b?.op === "const") plus += BigInt.asIntN(at.width, b.imm);
    else if (at.op === "sub" && b?.op === "const") plus -= BigInt.asIntN(at.width, b.imm);
    else if (
      at.op !== "zext" &&
      at.op !== "sext" &&
      at.op !== "trunc" &&
      !(at.op === "and" && b?.op === "const")
    )
      return undefined;
    at = a;
  }
  return undefined;
}

/** stepOf is what every round adds to the counter, when all ways back add the same constant. */
function stepOf(loop: Loop, phi: Value): bigint | undefined {
  let step: bigint | undefined;
  for (const latch of loop.latches) {
    const arg = phi.args[loop.head.predecessors.indexOf(latch)];
    const next = arg === undefined ? undefined : counterOf(arg, loop.head);
    if (
      next === undefined ||
      next.phi !== phi ||
      next.plus === 0n ||
      (step !== undefined && step !== next.plus)
    )
      return undefined;
    step = next.plus;
  }
  return step;
}

function startOf(loop: Loop, phi: Value): { low: bigint; high: bigint } | undefined {
  let found: { low: bigint; high: bigint } | undefined;
  loop.head.predecessors.forEach((from, i) => {
    if (loop.latches.includes(from)) return;
    const arg = phi.args[i];
    if (arg === undefined) return;
    let own: { low: bigint; high: bigint } | undefined;
    if (arg.op === "const") {
      const value = BigInt.asIntN(arg.width, arg.imm);
      own = { low: value, high: value };
    } else {
      const high = maxAt(arg, from, false);
      if (high !== undefined && high < 1n << 62n) own = { low: 0n, high };
    }
    found = own;
  });
  return found;
}

/** roundsBy gives a bound on the rounds when the loop goes on only while `counter CONDITION limit`. */
function roundsBy(
  loop: Loop,
  block: Block,
  counter: Value,
  condition: Condition,
  limit: Value,
): bigint | undefined {
  const found = counterOf(counter, loop.head);
  if (found === undefined) return undefined;
  const step = stepOf(loop, found.phi);
  const start = startOf(loop, found.phi);
  if (step === undefined || start === undefined) return undefined;
  const signed = condition.startsWith("s");
  const kind = condition.replace(/^[us]/, "");
  if (step > 0n && (kind === "lt" || kind === "le")) {
    const most = maxAt(limit, block, signed);
    if (most === undefined || most >= 1n << 62n) return undefined;
    const distance = most - (start.low + found.plus) + (kind === "le" ? 1n : 0n);
    return distance <= 0n ? 0n : (distance + step - 1n) / step;
  }
  if (step < 0n && (kind === "gt" || kind === "ge") && limit.op === "const") {
    const least = BigInt.asIntN(limit.width, limit.imm);
    if (!signed && kind === "ge" && least === 0n) return undefined;
    const distance = start.high + found.plus - least + (kind === "ge" ? 1n : 0n);
    return distance <= 0n ? 0n : (distance - step - 1n) / -step;
  }
  if (kind === "ne" && limit.op === "const" && start.low === start.high) {
    const distance = BigInt.asIntN(limit.width, limit.imm) - (start.low + found.plus);
    return distance % step === 0n && distance / step >= 0n ? distance / step : undefined;
  }
  return undefined;
}

function roundsOf(loop: Loop, block: Block): bigint | undefined {
  const { end } = block;
  if (end?.kind !== "branch" || end.condition.op !== "cmp") return undefined;
  const stays = { yes: loop.blocks.has(end.yes), no: loop.blocks.has(end.no) };
  if (stays.yes === stays.no) return undefined;
  const [a, b] = end.condition.args;
  const written = end.condition.condition;
  if (a === undefined || b === undefined || written === undefined) return undefined;
  const condition = stays.yes ? written : inverse[written];
  return roundsBy(loop, block, a, condition, b) ?? roundsBy(loop, block, b, mirrored[condition], a);
}

/** checkLoops proves that every loop ends, and soon enough for the verifier. */
export const checkLoops: Pass = {
  name: "check-loops",
  needs: ["nil-checked"],
  gives: ["bounded"],
  run(fn, report) {
    const loops = naturalLoops(fn);
    if (loops.length === 0) return;
    const tree = dominators(fn);
    for (const loop of loops) {
      let least: bigint | undefined;
      for (const block of loop.blocks) {
        if (!loop.latches.every((latch) => dominates(tree, block, latch))) continue;
        const rounds = roundsOf(loop, block);
        if (rounds !== undefined && (least === undefined || rounds < least)) least = rounds;
      }
      const at = loop.latches[0]?.end?.at ?? fn.at;
      if (least === undefined || least > typeBound) {
        report.error(
          "unbounded-loop",
          at,
          "this loop has no bound that can be proven",
          "compare its counter with a constant: for i := 0; i < MAX && i < n; i++ { … }, or use bpf.Loop(n, f)",
        );
        continue;
      }
      let size = 0;
      for (const block of loop.blocks) size += block.values.length + 1;
      if (least * BigInt(size) > instructionBudget) {
        report.error(
          "loop-too-long",
          at,
          `the verifier would follow about ${least} rounds of ${size} instructions, more than a million in all`,
          "use bpf.Loop(n, f), which is verified once",
        );
      }
    }
  },
};
