import type { BinaryOp, Condition, Value, Width } from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import type { Range } from "../source/file.js";
import { type Type, under } from "../types/type.js";
import { isDirect, isSigned, type Low, type Scalar, widthOf } from "./state.js";

/** normalise brings the result of 32-bit arithmetic back into a narrow type's range. */
export function normalise(low: Low, value: Value, type: Type): Value {
  const of = under(type);
  if (of.kind !== "int" || of.bits >= 32) return value;
  if (of.signed) return low.b.unary("sext", value, 32, of.bits);
  return low.b.binary("and", value, low.b.constant((1n << BigInt(of.bits)) - 1n, 32));
}

/** convert changes an integer's type as Go does: truncate, then extend by the source's sign. */
export function convert(low: Low, value: Value, from: Type, to: Type): Value {
  const source = under(from);
  const target = under(to);
  if (source.kind === "bool" || target.kind === "bool") return value;
  const fromBits = source.kind === "int" ? source.bits : 64;
  const toBits = target.kind === "int" ? target.bits : 64;
  if (toBits === 64) {
    if (fromBits === 64) return value;
    return isSigned(from) ? low.b.unary("sext", value, 64, 32) : low.b.unary("zext", value, 64, 32);
  }
  const word = fromBits === 64 ? low.b.unary("trunc", value, 32) : value;
  const kept =
    fromBits < 64 &&
    (isSigned(from)
      ? isSigned(to) && fromBits <= toBits
      : fromBits < toBits || (fromBits === toBits && !isSigned(to)));
  return kept || toBits === 32 ? word : normalise(low, word, to);
}

/** resize makes a value 64 or 32 bits wide, as an unsigned or signed number by its type. */
export function resize(low: Low, value: Value, type: Type, width: Width): Value {
  if (value.width === width) return value;
  if (width === 32) return low.b.unary("trunc", value, 32);
  return isSigned(type) ? low.b.unary("sext", value, 64, 32) : low.b.unary("zext", value, 64, 32);
}

/** choose builds `condition ? yes() : no()` in registers. */
export function choose(low: Low, condition: Value, width: Width, yes: () => Value, no: () => Value): Value {
  const { b } = low;
  const variable = {};
  const [yesBlock, noBlock, after] = [b.newBlock(), b.newBlock(), b.newBlock()];
  b.branch(condition, yesBlock, noBlock);
  for (const [block, make] of [
    [yesBlock, yes],
    [noBlock, no],
  ] as const) {
    b.seal(block);
    b.enter(block);
    b.write(variable, make());
    b.jump(after);
  }
  b.seal(after);
  b.enter(after);
  return b.read(variable, width);
}

const operations: Readonly<Record<string, readonly [unsigned: BinaryOp, signed: BinaryOp]>> = {
  "+": ["add", "add"],
  "-": ["sub", "sub"],
  "*": ["mul", "mul"],
  "/": ["udiv", "sdiv"],
  "%": ["umod", "smod"],
  "&": ["and", "and"],
  "|": ["or", "or"],
  "^": ["xor", "xor"],
};

/** signedDivide does what the instruction set lacks before v4: divide absolute values, then give the sign back. */
function signedDivide(low: Low, op: "sdiv" | "smod", a: Value, c: Value): Value {
  const { b } = low;
  const { width } = a;
  const top = b.constant(BigInt(width - 1), width);
  const signA = b.binary("ashr", a, top);
  const absolute = (value: Value, sign: Value): Value => b.binary("sub", b.binary("xor", value, sign), sign);
  const left = absolute(a, signA);
  if (op === "smod") {
    const signC = b.binary("ashr", c, top);
    return absolute(b.binary("umod", left, absolute(c, signC)), signA);
  }
  const signC = b.binary("ashr", c, top);
  const sign = b.binary("xor", signA, signC);
  return absolute(b.binary("udiv", left, absolute(c, signC)), sign);
}

/** shift follows Go: a count of at least the width gives 0, or the sign. The instruction masks its count. */
function shift(low: Low, operator: string, a: Value, type: Type, count: Value): Value {
  const { b } = low;
  const of = under(type);
  const bits = BigInt(of.kind === "int" ? of.bits : 64);
  const op: BinaryOp = operator === "<<" ? "shl" : isSigned(type) ? "ashr" : "lshr";
  const { width } = a;
  const sized = (value: Value): Value =>
    value.width === width ? value : b.unary(width === 32 ? "trunc" : "zext", value, width, 32);
  const within = (): Value =>
    normalise(
      low,
      b.binary(op, a, sized(count)),
      op === "shl" ? type : { kind: "int", name: "", bits: 64, signed: false },
    );
  const beyond = (): Value =>
    op === "ashr" ? b.binary("ashr", a, b.constant(BigInt(width - 1), width)) : b.constant(0n, width);
  if (count.op === "const") return count.imm < bits ? within() : beyond();
  const known = b.block === undefined ? undefined : maxAt(count, b.block, false);
  if (known !== undefined && known < bits) return within();
  const limit = b.constant(bits, count.width);
  return choose(low, b.compare("ult", count, limit), width, within, beyond);
}

/** operate builds a binary operation on values of one type (shifts: the count may have another). */
export function operate(low: Low, operator: string, a: Value, c: Value, type: Type): Value {
  const { b } = low;
  if (operator === "<<" || operator === ">>") return shift(low, operator, a, type, c);
  if (operator === "&^") return b.binary("and", a, b.binary("xor", c, b.constant(-1n, c.width)));
  const rows = operations[operator];
  if (rows === undefined) throw new Error(`no operation ${operator}`);
  const op = rows[isSigned(type) ? 1 : 0];
  const division = op === "sdiv" || op === "smod";
  const value = division && !low.shared.signedDivision ? signedDivide(low, op, a, c) : b.binary(op, a, c);
  const canLeave = op === "add" || op === "sub" || op === "mul" || division;
  return canLeave ? normalise(low, value, type) : value;
}

const conditions: Readonly<Record<string, readonly [unsigned: Condition, signed: Condition]>> = {
  "==": ["eq", "eq"],
  "!=": ["ne", "ne"],
  "<": ["ult", "slt"],
  "<=": ["ule", "sle"],
  ">": ["ugt", "sgt"],
  ">=": ["uge", "sge"],
};

/** compareValues builds a comparison. */
export function compareValues(low: Low, operator: string, a: Value, c: Value, type: Type): Value {
  const rows = conditions[operator];
  if (rows === undefined) throw new Error(`no comparison ${operator}`);
  return low.b.compare(rows[isSigned(type) ? 1 : 0], a, c);
}

/** guard goes on only when a condition holds; otherwise the program ends there. */
export function guard(low: Low, condition: Value, at: Range): void {
  const { b } = low;
  if (condition.op === "const" && condition.imm !== 0n) return;
  const [ok, trap] = [b.newBlock(), b.newBlock()];
  b.branch(condition, ok, trap);
  b.seal(ok);
  b.seal(trap);
  const before = b.at;
  b.at = at;
  b.enter(trap);
  b.trap();
  b.at = before;
  b.enter(ok);
}

/** clamp makes a value at most `limit`, so that the verifier sees the bound in the register that is used. */
export function clamp(low: Low, value: Value, limit: bigint): Value {
  const { b } = low;
  const known = b.block === undefined ? undefined : maxAt(value, b.block, false);
  if (known !== undefined && known <= limit) return value;
  const bound = b.constant(limit, value.width);
  const result = choose(
    low,
    b.compare("ule", value, bound),
    value.width,
    () => value,
    () => b.constant(limit, value.width),
  );
  if (result.op === "phi") result.max = limit;
  return result;
}

/**
 * addressNumber makes a number of a pointer. The verifier goes on to take the address of memory it knows for a pointer, which
 * few operations may be done with; what two byte swaps give is a number to it.
 */
export function addressNumber(low: Low, { value, space }: Scalar): Value {
  if (value.op === "const" || (!isDirect(space) && space !== "btf")) return value;
  return low.b.unary("swap", low.b.unary("swap", value, 64, 64), 64, 64);
}

/** wide makes any integer 64 bits wide. */
export function wide(low: Low, value: Value, type: Type): Value {
  return widthOf(type) === 64 || value.width === 64 ? value : resize(low, value, type, 64);
}
