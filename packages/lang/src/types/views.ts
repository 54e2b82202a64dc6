import type { Expr, SliceExpr } from "../syntax/ast.js";
import { bare, constantInteger, wantInteger } from "./convert.js";
import { type Env, fail } from "./env.js";
import { markAddressTaken } from "./operators.js";
import { badType, intType, type Type, typeName, under } from "./type.js";

/** sameText tells whether two expressions are the same names, numbers and fields: then they have the same value. */
function same(a: Expr, b: Expr): boolean {
  const [left, right] = [bare(a), bare(b)];
  if (left.kind === "name" && right.kind === "name") return left.name === right.name;
  if (left.kind === "integer" && right.kind === "integer") return left.value === right.value;
  if (left.kind === "selector" && right.kind === "selector")
    return left.name.name === right.name.name && same(left.object, right.object);
  if (left.kind === "binary" && right.kind === "binary")
    return left.operator === right.operator && same(left.left, right.left) && same(left.right, right.right);
  return false;
}

/** lengthOf is the length of a view: between constants, or the n of `a[i : i+n]`. */
function lengthOf(env: Env, expr: SliceExpr, whole: number): bigint | undefined {
  const { low, high } = expr;
  const start = low === undefined ? 0n : env.unit.constants.get(low.id);
  const plain = high === undefined ? undefined : bare(high);
  if (low !== undefined && typeof start !== "bigint") {
    if (plain?.kind !== "binary" || plain.operator !== "+" || !same(low, plain.left)) return undefined;
    env.check(env, plain);
    return constantInteger(env, plain.right, "a view's length");
  }
  const end = high === undefined ? BigInt(whole) : constantInteger(env, high, "a view's end");
  return end === undefined || typeof start !== "bigint" ? undefined : end - start;
}

/**
 * checkView checks `a[low:high]` of an array: a pointer to that part of it. Its length is constant, so that it has a type
 * (`*[n]T`); where it begins may be any number, which is checked when the program runs.
 */
export function checkView(env: Env, expr: SliceExpr): Type {
  const type = env.check(env, expr.object);
  const of = under(type);
  const array = of.kind === "pointer" ? under(of.target) : of;
  if (array.kind === "bad") return badType;
  if (array.kind !== "array") {
    fail(env, "bad-operation", expr, `${typeName(type)} has no parts`, "a view is of an array: a[2:6]");
    return badType;
  }
  if (expr.low !== undefined) wantInteger(env, expr.low, intType, "a view's start");
  const length = lengthOf(env, expr, array.length);
  if (length === undefined) {
    const hint = "write a[2:6] or a[i : i+4]; slices, whose length is only known later, need a heap";
    fail(env, "heap", expr, "the length of a view must be constant", hint);
    return badType;
  }
  const start = expr.low === undefined ? 0n : env.unit.constants.get(expr.low.id);
  const end = typeof start === "bigint" ? start + length : length;
  if (length < 0n || (typeof start === "bigint" && start < 0n) || end > BigInt(array.length)) {
    const what = typeof start === "bigint" ? `[${start}:${end}]` : `of ${length} elements`;
    fail(env, "out-of-range", expr, `the view ${what} is outside ${typeName(array)}`);
    return badType;
  }
  if (of.kind !== "pointer") markAddressTaken(env, expr.object);
  return { kind: "pointer", target: { kind: "array", element: array.element, length: Number(length) } };
}
