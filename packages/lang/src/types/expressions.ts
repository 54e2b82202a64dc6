import type { Expr, IndexExpr, RefusedExpr } from "../syntax/ast.js";
import { checkCall } from "./calls.js";
import { checkComposite } from "./composites.js";
import { wantInteger } from "./convert.js";
import { type Env, fail } from "./env.js";
import { checkName } from "./names.js";
import { checkBinary, checkUnary } from "./operators.js";
import { checkSelector } from "./selectors.js";
import { badType, intType, type Type, typeName, under, untypedInt, untypedString } from "./type.js";
import { checkView } from "./views.js";

function checkIndex(env: Env, expr: IndexExpr): Type {
  const type = under(env.check(env, expr.object));
  const array = type.kind === "pointer" ? under(type.target) : type;
  const subscript = expr.indices[0];
  if (type.kind === "bad" || subscript === undefined) return badType;
  if (
    type.kind === "pointer" &&
    array.kind !== "array" &&
    array.kind !== "map" &&
    expr.indices.length === 1
  ) {
    // C's p[i]: the address space is known when the pointer's origin is, so lowering refuses memory of the program.
    if (array.kind === "bad") return badType;
    wantInteger(env, subscript, intType, "an index");
    return type.target;
  }
  if (array.kind !== "array" || expr.indices.length !== 1) {
    if (array.kind !== "bad") fail(env, "bad-operation", expr, `${typeName(type)} has no index`);
    return badType;
  }
  wantInteger(env, subscript, intType, "an index");
  const value = env.unit.constants.get(subscript.id);
  if (
    typeof value === "bigint" &&
    (value < 0n || (value >= BigInt(array.length) && array.flexible !== true))
  ) {
    fail(env, "out-of-range", subscript, `index ${value} is outside ${typeName(array)}`);
  }
  return array.element;
}

function checkStar(env: Env, expr: Expr & { kind: "star" }): Type {
  const type = under(env.check(env, expr.operand));
  if (type.kind === "pointer") return type.target;
  if (type.kind !== "bad") fail(env, "bad-operation", expr, `${typeName(type)} is no pointer`);
  return badType;
}

function refuse(env: Env, expr: RefusedExpr): Type {
  const { code, why, instead } = expr.refusal;
  fail(env, code, expr, why, instead);
  return badType;
}

/** findType finds an expression's type by its form. */
function findType(env: Env, expr: Expr, want: Type | undefined): Type {
  const { constants } = env.unit;
  switch (expr.kind) {
    case "name":
      return checkName(env, expr, want);
    case "integer":
      constants.set(expr.id, expr.value);
      return untypedInt;
    case "string":
      constants.set(expr.id, expr.value);
      return untypedString;
    case "paren": {
      const type = env.check(env, expr.inner, want);
      const value = constants.get(expr.inner.id);
      if (value !== undefined) constants.set(expr.id, value);
      return type;
    }
    case "unary":
      return checkUnary(env, expr, want);
    case "binary":
      return checkBinary(env, expr, want);
    case "star":
      return checkStar(env, expr);
    case "selector":
      return checkSelector(env, expr);
    case "index":
      return checkIndex(env, expr);
    case "call":
      return checkCall(env, expr, want);
    case "composite":
      return checkComposite(env, expr, want);
    case "function":
      return env.checkLiteral(env, expr);
    case "slice":
      return checkView(env, expr);
    case "array-type":
    case "struct-type":
      fail(env, "wrong-type", expr, "this is a type, a value is needed here");
      return badType;
    case "tuple":
      return { kind: "tuple", members: expr.members.map((each) => env.check(env, each)) };
    case "refused":
      return refuse(env, expr);
    case "bad":
      return badType;
  }
}

/** checkExpression finds and records the type of an expression. */
export function checkExpression(env: Env, expr: Expr, want?: Type): Type {
  const type = findType(env, expr, want);
  env.unit.types.set(expr.id, type);
  return type;
}
