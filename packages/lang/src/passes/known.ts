import { holds, signed, unsigned } from "../ir/constant.js";
import { type Block, type Condition, inverse, mirrored, type Value } from "../ir/ir.js";

/** Comparison is a comparison that need not stand in the code. */
export interface Comparison {
  readonly condition: Condition;
  readonly a: Value;
  readonly b: Value;
}

/** comparisonOf reads a branch's condition; other values are compared with 0. */
export function comparisonOf(value: Value): Comparison | undefined {
  const [a, b] = value.args;
  if (value.op !== "cmp" || a === undefined || b === undefined || value.condition === undefined)
    return undefined;
  return { condition: value.condition, a, b };
}

/** Interval is what is known of a value compared with constants, unsigned and signed. */
interface Interval {
  low: bigint;
  high: bigint;
  signedLow: bigint;
  signedHigh: bigint;
  readonly without: bigint[];
}

function everything(value: Value): Interval {
  const half = 1n << BigInt(value.width - 1);
  return { low: 0n, high: 2n * half - 1n, signedLow: -half, signedHigh: half - 1n, without: [] };
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** learn narrows an interval by a comparison with a constant that is known to hold. */
function learn(interval: Interval, condition: Condition, constant: Value): void {
  const u = unsigned(constant);
  const s = signed(constant);
  switch (condition) {
    case "eq":
      interval.low = larger(interval.low, u);
      interval.high = smaller(interval.high, u);
      interval.signedLow = larger(interval.signedLow, s);
      interval.signedHigh = smaller(interval.signedHigh, s);
      break;
    case "ne":
      interval.without.push(u);
      break;
    case "ult":
      interval.high = smaller(interval.high, u - 1n);
      break;
    case "ule":
      interval.high = smaller(interval.high, u);
      break;
    case "ugt":
      interval.low = larger(interval.low, u + 1n);
      break;
    case "uge":
      interval.low = larger(interval.low, u);
      break;
    case "slt":
      interval.signedHigh = smaller(interval.signedHigh, s - 1n);
      break;
    case "sle":
      interval.signedHigh = smaller(interval.signedHigh, s);
      break;
    case "sgt":
      interval.signedLow = larger(interval.signedLow, s + 1n);
      break;
    default:
      interval.signedLow = larger(interval.signedLow, s);
  }
}

/** decided answers a comparison with a constant from an interval. */
function decided(interval: Interval, condition: Condition, constant: Value): boolean | undefined {
  const u = unsigned(constant);
  const s = signed(constant);
  const by = (low: bigint, high: bigint, limit: bigint, orEqual: boolean): boolean | undefined => {
    if (orEqual ? high <= limit : high < limit) return true;
    return (orEqual ? low > limit : low >= limit) ? false : undefined;
  };
  const not = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value);
  switch (condition) {
    case "eq":
    case "ne": {
      const never =
        interval.without.includes(u) ||
        u < interval.low ||
        u > interval.high ||
        s < interval.signedLow ||
        s > interval.signedHigh;
      if (never) return condition === "ne";
      return interval.low === interval.high && interval.low === u ? condition === "eq" : undefined;
    }
    case "ult":
      return by(interval.low, interval.high, u, false);
    case "ule":
      return by(interval.low, interval.high, u, true);
    case "ugt":
      return not(by(interval.low, interval.high, u, true));
    case "uge":
      return not(by(interval.low, interval.high, u, false));
    case "slt":
      return by(interval.signedLow, interval.signedHigh, s, false);
    case "sle":
      return by(interval.signedLow, interval.signedHigh, s, true);
    case "sgt":
      return not(by(interval.signedLow, interval.signedHigh, s, true));
    default:
      return not(by(interval.signedLow, interval.signedHigh, s, false));
  }
}

/** stepLimit bounds how far up the dominators facts are looked for, which keeps passes linear. */
const stepLimit = 48;

/** Where is an edge of the flow, or a block. */
export interface Where {
  readonly from: Block | undefined;
  readonly to: Block;
}

/** edges calls `see` with each branch that was taken on every way there, the nearest first. */
function edges(
  tree: ReadonlyMap<Block, Block>,
  where: Where,
  see: (condition: Value, taken: boolean) => boolean,
): void {
  let first = where.from !== undefined;
  let a = where.from ?? tree.get(where.to);
  let b = where.to;
  if (a === undefined || (a === b && !first)) return;
  for (let steps = 0; steps < stepLimit; steps++) {
    const { end } = a;
    const only = first || (b.predecessors.length === 1 && b.predecessors[0] === a);
    if (only && end?.kind === "branch" && end.yes !== end.no && see(end.condition, end.yes === b)) return;
    first = false;
    const up = tree.get(a);
    if (up === undefined || up === a) return;
    [a, b] = [up, a];
  }
}

/** decide answers a comparison somewhere, by the branches that lead there and the largest value that its left side can have. */
export function decide(
  asked: Comparison,
  tree: ReadonlyMap<Block, Block>,
  where: Where,
  mostOf: (value: Value) => bigint | undefined,
): boolean | undefined {
  let { condition, a, b } = asked;
  if (a.op === "const" && b.op === "const") return holds(condition, a, b);
  if (a.op === "const") [condition, a, b] = [mirrored[condition], b, a];
  const interval = everything(a);
  const half = 1n << BigInt(a.width - 1);
  const most = mostOf(a);
  if (most !== undefined) interval.high = smaller(interval.high, most);
  let answer: boolean | undefined;
  edges(tree, where, (value, taken) => {
    const known = comparisonOf(value);
    if (known === undefined) return false;
    const holding = taken ? known.condition : inverse[known.condition];
    if (known.a === a && known.b === b) {
      if (holding === condition) answer = true;
      else if (inverse[holding] === condition) answer = false;
    } else if (known.a === a && known.b.op === "const" && b.op === "const") learn(interval, holding, known.b);
    return answer !== undefined;
  });
  if (answer !== undefined || b.op !== "const") return answer;
  // What is small and not negative is the same in both orders.
  if (interval.high < half) {
    interval.signedLow = larger(interval.signedLow, 0n);
    interval.signedHigh = smaller(interval.signedHigh, interval.high);
  }
  if (interval.signedLow >= 0n) {
    interval.low = larger(interval.low, interval.signedLow);
    interval.high = smaller(interval.high, interval.signedHigh);
  }
  return decided(interval, condition, b);
}
