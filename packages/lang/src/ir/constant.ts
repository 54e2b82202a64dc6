import type { Condition, Value } from "./ir.js";

/** unsigned reads a constant as a number that is not negative. */
export const unsigned = (value: Value): bigint => BigInt.asUintN(value.width, value.imm);
/** signed reads a constant as a number in two's complement. */
export const signed = (value: Value): bigint => BigInt.asIntN(value.width, value.imm);

/** compute evaluates an operation on constants as the BPF machine does: division by zero gives 0, remainder the dividend. */
export function compute(op: Value["op"], a: Value, b: Value): bigint | undefined {
  const [x, y] = [unsigned(a), unsigned(b)];
  const count = y & BigInt(a.width - 1);
  switch (op) {
    case "add":
      return x + y;
    case "sub":
      return x - y;
    case "mul":
      return x * y;
    case "udiv":
      return y === 0n ? 0n : x / y;
    case "umod":
      return y === 0n ? x : x % y;
    case "sdiv":
      return y === 0n ? 0n : signed(a) / signed(b);
    case "smod":
      return y === 0n ? x : signed(a) % signed(b);
    case "and":
      return x & y;
    case "or":
      return x | y;
    case "xor":
      return x ^ y;
    case "shl":
      return x << count;
    case "lshr":
      return x >> count;
    case "ashr":
      return signed(a) >> count;
    default:
      return undefined;
  }
}

/** holds compares two constants. */
export function holds(condition: Condition, a: Value, b: Value): boolean {
  const isSigned = condition.startsWith("s");
  const x = isSigned ? signed(a) : unsigned(a);
  const y = isSigned ? signed(b) : unsigned(b);
  switch (condition.replace(/^[us]/, "")) {
    case "eq":
      return x === y;
    case "ne":
      return x !== y;
    case "lt":
      return x < y;
    case "le":
      return x <= y;
    case "gt":
      return x > y;
    default:
      return x >= y;
  }
}

/** extended evaluates a change of width. */
export function extended(op: "zext" | "sext" | "trunc", a: Value, bits: number): bigint {
  if (op === "zext") return BigInt.asUintN(bits || 32, a.imm);
  return op === "sext" ? BigInt.asIntN(bits, a.imm) : a.imm;
}
