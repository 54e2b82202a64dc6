import type { Block, Value } from "./ir.js";

const maxOf = (width: number): bigint => (1n << BigInt(width)) - 1n;

/** smaller of two bounds, either of which may be unknown. */
function smaller(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined) return b;
  return b === undefined || a < b ? a : b;
}

const isPower = (by: bigint | undefined): by is bigint =>
  by !== undefined && by > 0n && (by & (by - 1n)) === 0n;

/** shape is an upper bound that the verifier finds as well: a check that rests on it may be left out. */
function shape(value: Value, depth: number): bigint | undefined {
  if (value.max !== undefined) return value.max;
  const of = (index: number): bigint | undefined => {
    const arg = value.args[index];
    return arg === undefined || depth > 8 ? undefined : (shape(arg, depth + 1) ?? maxOf(arg.width));
  };
  const constant = (index: number): bigint | undefined => {
    const arg = value.args[index];
    return arg?.op === "const" ? arg.imm : undefined;
  };
  const top = maxOf(value.width);
  const within = (bound: bigint | undefined): bigint | undefined =>
    bound !== undefined && bound <= top ? bound : undefined;
  switch (value.op) {
    case "const":
      return value.imm;
    case "cmp":
      return 1n;
    case "load":
      return value.signed ? undefined : maxOf(value.size * 8);
    case "zext":
    case "trunc":
      return smaller(of(0), value.op === "trunc" ? maxOf(Number(value.imm) || value.width) : undefined);
    case "and":
      return smaller(of(0), of(1));
    case "or":
    case "xor": {
      const both = [of(0) ?? top, of(1) ?? top];
      const larger =
        both[0] !== undefined && both[1] !== undefined && both[0] > both[1] ? both[0] : (both[1] ?? top);
      return within((1n << BigInt(larger.toString(2).length)) - 1n);
    }
    // The verifier knows nothing of a division's result, but for powers of two, which become masks and shifts.
    case "umod": {
      const by = constant(1);
      return isPower(by) ? by - 1n : undefined;
    }
    case "udiv": {
      const by = constant(1);
      return isPower(by) ? (of(0) ?? top) / by : undefined;
    }
    case "lshr": {
      const by = constant(1);
      return by === undefined ? undefined : (of(0) ?? top) >> by;
    }
    case "add": {
      const left = of(0);
      const right = of(1);
      return left === undefined || right === undefined ? undefined : within(left + right);
    }
    case "mul": {
      const left = of(0);
      const right = of(1);
      // scalar_min_max_mul in kernel/bpf/verifier.c gives up on factors of more than 32 bits.
      const known = left !== undefined && right !== undefined && left <= maxOf(32) && right <= maxOf(32);
      return known ? within(left * right) : undefined;
    }
    case "shl": {
      const by = constant(1);
      const left = of(0);
      return by === undefined || left === undefined ? undefined : within(left << by);
    }
    default:
      return value.width === 32 && value.op !== "phi" ? maxOf(32) : undefined;
  }
}

/** shapeMax is an upper bound that a value's computation alone shows. */
export const shapeMax = (value: Value): bigint | undefined => shape(value, 0);

/** edgeBound is what taking an edge says of a value's largest value. With `signed` negative values count as small. */
function edgeBound(value: Value, from: Block, to: Block, signed: boolean): bigint | undefined {
  const { end } = from;
  if (end?.kind !== "branch" || end.condition.op !== "cmp" || end.yes === end.no) return undefined;
  const [a, b] = end.condition.args;
  if (a === undefined || b === undefined) return undefined;
  const yes = end.yes === to;
  const left = a === value;
  if (!left && b !== value) return undefined;
  const other = left ? b : a;
  const limit = shape(other, 0);
  if (limit === undefined || limit >= 1n << 63n) return undefined;
  const signedCompare = end.condition.condition?.startsWith("s") === true;
  if (signedCompare && !signed) return undefined;
  const narrow = value.width === 32 && signedCompare && limit >= 1n << 31n;
  if (narrow) return undefined;
  const condition = end.condition.condition?.replace(/^[us]/, "");
  // The bound holds when the edge says value < other or value <= other.
  const less = left ? "lt" : "gt";
  const lessEqual = left ? "le" : "ge";
  const greater = left ? "gt" : "lt";
  const greaterEqual = left ? "ge" : "le";
  if (yes && condition === less) return limit - 1n;
  if (yes && condition === lessEqual) return limit;
  if (!yes && condition === greater) return limit;
  if (!yes && condition === greaterEqual) return limit - 1n;
  if ((yes && condition === "eq") || (!yes && condition === "ne")) return limit;
  return undefined;
}

// Ways through phis multiply: a value that needs more than this to be bounded is taken for unbounded.
const mostLooks = 512;

/** maxAt gives a proven upper bound of a value in a block, from its shape and the branches on the way there. */
export function maxAt(value: Value, block: Block, signed: boolean): bigint | undefined {
  return maxFrom(value, block, signed, new Set(), { left: mostLooks });
}

function maxFrom(
  value: Value,
  block: Block,
  signed: boolean,
  seen: ReadonlySet<Value>,
  looks: { left: number },
): bigint | undefined {
  looks.left--;
  let bound = shape(value, 0);
  if (signed && bound !== undefined && value.op === "const") {
    const asSigned = BigInt.asIntN(value.width, value.imm);
    return asSigned;
  }
  let at = block;
  for (let steps = 0; steps < 64; steps++) {
    const [only] = at.predecessors;
    if (at.predecessors.length !== 1 || only === undefined) break;
    bound = smaller(bound, edgeBound(value, only, at, signed));
    at = only;
  }
  if (looks.left < 0) return bound;
  if (value.op === "phi" && !seen.has(value) && value.args.length === value.block.predecessors.length) {
    const inner = new Set([...seen, value]);
    let most: bigint | undefined = 0n;
    value.args.forEach((arg, i) => {
      const from = value.block.predecessors[i];
      if (from === undefined || most === undefined) return;
      const own = smaller(
        maxFrom(arg, from, signed, inner, looks),
        edgeBound(arg, from, value.block, signed),
      );
      most = own === undefined ? undefined : own > most ? own : most;
    });
    bound = smaller(bound, most);
  }
  if ((value.op === "zext" || value.op === "trunc") && value.args[0] !== undefined && !seen.has(value)) {
    const inner = maxFrom(
      value.args[0],
      block,
      value.op === "zext" && signed,
      new Set([...seen, value]),
      looks,
    );
    const fits = inner !== undefined && inner >= 0n && inner <= maxOf(value.width);
    if (fits) bound = smaller(bound, inner);
  }
  return bound;
}
