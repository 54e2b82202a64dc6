import type { CallExpr } from "../syntax/ast.js";
import { assignable, countOf, fits, rangeOf, settle, wrap } from "./convert.js";
import { type Env, fail } from "./env.js";
import { identical, isKernelStruct, isUserStruct, type Type, typeName, uint64, under } from "./type.js";

/** checkConversion checks T(x). An integer is no pointer without its address space: the kernel reads the two in different ways. */
export function checkConversion(env: Env, expr: CallExpr, to: Type): Type {
  env.unit.calls.set(expr.id, { kind: "conversion", to });
  const value = expr.arguments[0];
  if (!countOf(env, expr, typeName(to), expr.arguments.length, 1, 1) || value === undefined) return to;
  const from = env.check(env, value, to);
  const target = under(to);
  const source = under(from);
  const constant = env.unit.constants.get(value.id);
  if (from.kind === "bad" || target.kind === "bad") return to;
  if (typeof constant === "bigint" && target.kind === "int") {
    if (!fits(constant, target) && from.kind === "untyped") {
      fail(env, "constant-overflow", value, `${constant} does not fit ${typeName(to)}`, rangeOf(to));
    }
    if (from.kind === "untyped") settle(env, value, to);
    env.unit.constants.set(expr.id, wrap(constant, target));
    return to;
  }
  if (from.kind === "untyped") {
    if (target.kind === "pointer" && typeof constant === "bigint") {
      settle(env, value, uint64);
      return to;
    }
    assignable(env, value, from, to, "the conversion");
    return to;
  }
  const both = (kind: Type["kind"]): boolean => source.kind === kind && target.kind === kind;
  if (both("int") || identical(source, target) || both("bool")) return to;
  if (target.kind === "pointer" && source.kind === "int") {
    if (isKernelStruct(target.target) || isUserStruct(target.target)) return to;
    fail(
      env,
      "address-space",
      expr,
      `is this address the kernel's or the user's? ${typeName(to)} does not say`,
      `write bpf.User[${typeName(target.target)}](…) or bpf.Kernel[${typeName(target.target)}](…)`,
    );
    return to;
  }
  if (target.kind === "pointer" && source.kind === "pointer") {
    return to;
  }
  if (source.kind === "pointer" && target.kind === "int" && target.bits === 64) return to;
  fail(env, "wrong-type", expr, `${typeName(from)} cannot be converted to ${typeName(to)}`);
  return to;
}
