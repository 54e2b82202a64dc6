import type { Range } from "../source/file.js";
import type { Expr } from "../syntax/ast.js";
import { type Env, fail } from "./env.js";
import { badType, type IntType, identical, intType, type Type, typeName, under } from "./type.js";

/** fits tells whether a value is one of an integer type's. */
export function fits(value: bigint, type: IntType): boolean {
  const bits = BigInt(type.bits);
  const low = type.signed ? -(1n << (bits - 1n)) : 0n;
  const high = type.signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  return value >= low && value <= high;
}

/** rangeOf says what an integer type holds, as a hint. */
export function rangeOf(type: Type): string | undefined {
  const of = under(type);
  if (of.kind !== "int") return undefined;
  const bits = BigInt(of.bits);
  const low = of.signed ? -(1n << (bits - 1n)) : 0n;
  return `${typeName(type)} holds ${low} to ${(1n << (of.signed ? bits - 1n : bits)) - 1n}`;
}

/** wrap brings a value into an integer type's range as arithmetic does. */
export function wrap(value: bigint, type: IntType): bigint {
  return type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}

/** bare looks through parentheses. */
export function bare(expr: Expr): Expr {
  return expr.kind === "paren" ? bare(expr.inner) : expr;
}

/** defaultType is the type of a variable that an untyped constant initialises. */
export function defaultType(type: Type): Type {
  return type.kind === "untyped" && type.of === "int" ? intType : type;
}

/**
 * assignable checks that an expression of a type may become a value of `to`, and gives untyped constants that type.
 * It reports what is wrong and says whether all is well.
 */
export function assignable(env: Env, expr: Expr, from: Type, to: Type, what: string): boolean {
  if (from.kind === "bad" || to.kind === "bad") return true;
  const target = under(to);
  if (from.kind === "untyped") {
    const constant = env.unit.constants.get(expr.id);
    if (from.of === "int" && target.kind === "int") {
      if (typeof constant === "bigint" && !fits(constant, target)) {
        fail(env, "constant-overflow", expr, `${constant} does not fit ${typeName(to)}`, rangeOf(to));
        return false;
      }
      settle(env, expr, to);
      return true;
    }
    if (from.of === "nil" && target.kind === "pointer") {
      settle(env, expr, to);
      return true;
    }
    if (
      from.of === "string" &&
      target.kind === "array" &&
      under(target.element).kind === "int" &&
      typeof constant === "string"
    ) {
      if (constant.length > target.length) {
        fail(
          env,
          "constant-overflow",
          expr,
          `a string of ${constant.length} bytes does not fit ${typeName(to)}`,
        );
        return false;
      }
      settle(env, expr, to);
      return true;
    }
  }
  if (from.kind === "tuple" || from.kind === "void") {
    fail(
      env,
      "wrong-type",
      expr,
      `${what} needs one value, this gives ${from.kind === "void" ? "none" : from.members.length}`,
      from.kind === "void"
        ? "call it in a statement of its own"
        : "assign the values to variables first: a, b := …",
    );
    return false;
  }
  if (identical(from, to)) return true;
  // A pointer to nothing in particular takes any pointer.
  const hint = conversionHint(from, to);
  fail(env, "wrong-type", expr, `${what} needs ${typeName(to)}, this is ${typeName(from)}`, hint);
  return false;
}

function conversionHint(from: Type, to: Type): string | undefined {
  const a = under(from);
  const b = under(to);
  if (b.kind === "pointer" && from.kind === "untyped" && from.of === "int")
    return "a pointer is compared with nil, and made of an address by bpf.Kernel[T](n) or bpf.User[T](n)";
  if (from.kind === "untyped" && from.of === "nil") return "only pointers can be nil";
  if (from.kind === "untyped" && from.of === "string") return "text belongs in a [N]byte";
  if (a.kind === "int" && b.kind === "int") return `convert it: ${typeName(to)}(…)`;
  if (b.kind === "bool" && a.kind === "int") return "compare it: … != 0";
  if (b.kind === "int" && a.kind === "pointer") return "bpf.Addr(p) gives a pointer's address as uint64";
  if (b.kind === "pointer" && a.kind === "int")
    return "bpf.Kernel[T](address) or bpf.User[T](address) makes a pointer";
  if (a.kind === "pointer" && identical(a.target, to)) return "read through the pointer: *p";
  return undefined;
}

/** settle gives an untyped constant (through parentheses and operators) its final type. */
export function settle(env: Env, expr: Expr, to: Type): void {
  env.unit.types.set(expr.id, to);
  if (expr.kind === "paren") settle(env, expr.inner, to);
}

/** wantInteger checks that an expression is an integer and returns its type (untyped ones become `otherwise`). */
export function wantInteger(env: Env, expr: Expr, otherwise: Type, what: string): Type {
  const type = env.check(env, expr, otherwise);
  if (type.kind === "untyped" && type.of === "int") {
    assignable(env, expr, type, otherwise, what);
    return otherwise;
  }
  if (under(type).kind !== "int" && type.kind !== "bad") {
    fail(env, "wrong-type", expr, `${what} needs an integer, this is ${typeName(type)}`);
    return badType;
  }
  return type;
}

/** constantInteger evaluates an expression that must be a constant integer. */
export function constantInteger(env: Env, expr: Expr, what: string): bigint | undefined {
  const type = env.check(env, expr);
  const value = env.unit.constants.get(expr.id);
  if (typeof value === "bigint") {
    if (type.kind === "untyped") settle(env, expr, intType);
    return value;
  }
  if (type.kind !== "bad") fail(env, "not-constant", expr, `${what} must be a constant integer`);
  return undefined;
}

/** countOf reports a wrong number of arguments. */
export function countOf(
  env: Env,
  range: Range,
  name: string,
  given: number,
  least: number,
  most: number,
): boolean {
  if (given >= least && given <= most) return true;
  const wanted =
    least === most
      ? String(least)
      : most === Number.POSITIVE_INFINITY
        ? `at least ${least}`
        : `${least} to ${most}`;
  fail(
    env,
    "bad-call",
    range,
    `${name} takes ${wanted} argument${wanted === "1" ? "" : "s"}, ${given} given`,
  );
  return false;
}
