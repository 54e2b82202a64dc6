import { dominates, dominators, type Loop, naturalLoops } from "../ir/dominators.js";
import { type Block, type Condition, type IrFunction, inverse, mirrored, type Value } from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import type { Reporter } from "../source/diagnostics.js";
import { isNext } from "./iterators.js";
import type { Pass } from "./pass.js";

/** instructionBudget: the verifier follows at most 1,000,000 instructions (BPF_COMPLEXITY_LIMIT_INSNS); one value is about one. */
const instructionBudget = 800_000n;

/** typeBound: a bound this large is only that of the counter's type, no bound of the program's. */
const typeBound = 1n << 24n;

/** Counter is a loop's phi seen through what was added to it; `top` is the largest value it can have before it wraps. */
interface Counter {
  readonly phi: Value;
  readonly plus: bigint;
  readonly top: bigint;
}

/** topOf is the largest value that an extension or a mask lets through. */
function topOf(value: Value): bigint | undefined {
  const [, mask] = value.args;
  if (value.op === "and" && mask?.op === "const") return mask.imm;
  if (value.op === "sext" && value.imm > 0n) return (1n << (value.imm - 1n)) - 1n;
  return value.op === "trunc" && value.imm > 0n ? (1n << value.imm) - 1n : undefined;
}

/** counterOf looks through extensions and masks to the loop's phi, and tells what was added on the way. */
function counterOf(value: Value, head: Block): Counter | undefined {
  let at = value;
  let plus = 0n;
  let top = 1n << 62n;
  for (let steps = 0; steps < 8; steps++) {
    if (at.op === "phi") return at.block === head ? { phi: at, plus, top } : undefined;
    const [a, b] = at.args;
    const own = topOf(at);
    if (own !== undefined && own < top) top = own;
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

/** stepOf is what every round adds to the counter, when all ways back add the same constant, and where it would wrap. */
function stepOf(loop: Loop, phi: Value): { readonly step: bigint; readonly top: bigint } | undefined {
  let step: bigint | undefined;
  let top = 1n << 62n;
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
    if (next.top < top) top = next.top;
  }
  return step === undefined ? undefined : { step, top };
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
  const moves = stepOf(loop, found.phi);
  const start = startOf(loop, found.phi);
  if (moves === undefined || start === undefined) return undefined;
  const { step } = moves;
  const signed = condition.startsWith("s");
  const kind = condition.replace(/^[us]/, "");
  if (step > 0n && (kind === "lt" || kind === "le")) {
    const most = maxAt(limit, block, signed);
    if (most === undefined || most >= 1n << 62n) return undefined;
    const distance = most - (start.low + found.plus) + (kind === "le" ? 1n : 0n);
    const rounds = distance <= 0n ? 0n : (distance + step - 1n) / step;
    // A counter that steps over its type's end starts again: for i := uint8(0); i < 255; i += 2 never ends.
    const exact = start.low === start.high && limit.op === "const";
    const last = exact ? start.low + found.plus + rounds * step : most + step - (kind === "le" ? 0n : 1n);
    return last > moves.top ? undefined : rounds;
  }
  if (step < 0n && (kind === "gt" || kind === "ge") && limit.op === "const") {
    const least = BigInt.asIntN(limit.width, limit.imm);
    const distance = start.high + found.plus - least + (kind === "ge" ? 1n : 0n);
    const rounds = distance <= 0n ? 0n : (distance - step - 1n) / -step;
    // Below zero an unsigned counter is its type's largest value, and the loop goes on.
    const exact =
      start.low === start.high
        ? start.high + found.plus + rounds * step
        : least + (kind === "ge" ? 0n : 1n) + step;
    return !signed && exact < 0n ? undefined : rounds;
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
    const bounded: Bounded[] = [];
    for (const loop of loops) {
      // An iterator of the kernel ends by itself, and the verifier follows such loops until nothing new comes.
      if (loop.head.values.some(isNext)) continue;
      let least: bigint | undefined;
      for (const block of loop.blocks) {
        if (!loop.latches.every((latch) => dominates(tree, block, latch))) continue;
        const rounds = roundsOf(loop, block);
        if (rounds !== undefined && (least === undefined || rounds < least)) least = rounds;
      }
      if (least !== undefined && least <= typeBound) {
        bounded.push({ loop, rounds: least });
        continue;
      }
      report.error(
        "unbounded-loop",
        loop.latches[0]?.end?.at ?? fn.at,
        "this loop has no bound that can be proven",
        "compare its counter with a constant: for i := 0; i < MAX && i < n; i++ { … }, or use bpf.Loop(n, f)",
      );
    }
    checkLength(fn, bounded, report);
  },
};

interface Bounded {
  readonly loop: Loop;
  readonly rounds: bigint;
}

/** checkLength refuses loops that the verifier would not finish, the innermost that is too long on its own. */
function checkLength(fn: IrFunction, bounded: readonly Bounded[], report: Reporter): void {
  const told = new Set<Block>();
  const bySize = [...bounded].sort((a, b) => a.loop.blocks.size - b.loop.blocks.size);
  for (const { loop, rounds } of bySize) {
    const inside = bySize.filter((each) => loop.blocks.has(each.loop.head));
    let cost = 0n;
    for (const block of loop.blocks) {
      let times = 1n;
      for (const each of inside) if (each.loop.blocks.has(block)) times *= each.rounds;
      cost += times * BigInt(block.values.length + 1);
    }
    if (cost <= instructionBudget || inside.some((each) => told.has(each.loop.head))) continue;
    told.add(loop.head);
    report.error(
      "loop-too-long",
      loop.latches[0]?.end?.at ?? fn.at,
      `the verifier would follow about ${cost} instructions through ${rounds} rounds, and stops at a million`,
      "use bpf.Loop(n, f), which is verified once",
    );
  }
}
