import type { CallExpr, Expr } from "../syntax/ast.js";
import { wantInteger } from "./convert.js";
import { type Env, fail } from "./env.js";
import { badType, type Type, typeName, uint64, under } from "./type.js";

/** BuiltinCall is one call of a builtin under check. */
export interface BuiltinCall {
  readonly env: Env;
  readonly call: CallExpr;
  readonly arguments: readonly Expr[];
  /** types are the type arguments in brackets. */
  readonly types: readonly Type[];
  /** want is the type of what the result is given to, where it is known. */
  readonly want?: Type | undefined;
}

/** BuiltinRow is a function of the package bpf, or of Go's universe. */
export interface BuiltinRow {
  readonly name: string;
  readonly package: "bpf" | "universe";
  readonly typeArguments: number;
  readonly least: number;
  readonly most: number;
  readonly check: (call: BuiltinCall) => Type;
}

/** Check finds the type of a call. */
export type Check = BuiltinRow["check"];

/** gives is a row of a builtin without arguments. */
export const gives = (name: string, result: Type): BuiltinRow => ({
  name,
  package: "bpf",
  typeArguments: 0,
  least: 0,
  most: 0,
  check: () => result,
});

/** takes is a row of a builtin with arguments. */
export const takes = (
  name: string,
  least: number,
  most: number,
  check: Check,
  typeArguments = 0,
): BuiltinRow => ({
  name,
  package: "bpf",
  typeArguments,
  least,
  most,
  check,
});

/** argument gives an argument, whose count was checked. */
export function argument(c: BuiltinCall, index: number): Expr {
  const found = c.arguments[index];
  if (found === undefined) throw new Error("argument counts are checked before");
  return found;
}

/** integer checks an integer argument. */
export function integer(c: BuiltinCall, index: number, type: Type): void {
  wantInteger(c.env, argument(c, index), type, `argument ${index + 1}`);
}

/** pointer checks a pointer argument and gives its target. */
export function pointer(c: BuiltinCall, index: number): Type {
  const expr = argument(c, index);
  const type = under(c.env.check(c.env, expr));
  if (type.kind === "pointer") return type.target;
  if (type.kind !== "bad") {
    fail(
      c.env,
      "wrong-type",
      expr,
      `argument ${index + 1} needs a pointer, this is ${typeName(type)}`,
      "take its address with &",
    );
  }
  return badType;
}

/** addressOrPointer takes an integer address or a pointer to kernel or user memory. */
export function addressOrPointer(c: BuiltinCall, index: number): void {
  const expr = argument(c, index);
  const type = c.env.check(c.env, expr, uint64);
  if (under(type).kind === "pointer" || type.kind === "bad") return;
  wantInteger(c.env, expr, uint64, `argument ${index + 1}`);
}

/** text checks a constant string argument. */
export function text(c: BuiltinCall, index: number): string | undefined {
  const expr = argument(c, index);
  c.env.check(c.env, expr);
  const value = c.env.unit.constants.get(expr.id);
  if (typeof value === "string") return value;
  fail(c.env, "not-constant", expr, `argument ${index + 1} must be a constant string`);
  return undefined;
}
