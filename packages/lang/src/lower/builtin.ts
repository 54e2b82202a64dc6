import type { Value } from "../ir/ir.js";
import type { CallExpr, Expr } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import { type Type, uint8, under } from "../types/type.js";
import { wide } from "./arithmetic.js";
import { pointee } from "./places.js";
import { isDirect, type Low, type Place, refuse, type Scalar, typeOf } from "./state.js";

/** Context is one call of a builtin under lowering. */
export interface Context {
  readonly low: Low;
  readonly expr: CallExpr;
  readonly types: readonly Type[];
}

/** Lowering turns a call into SSA. */
export type Lowering = (c: Context) => Scalar;

/** plain is a number. */
export const plain = (value: Value): Scalar => ({ value, space: "kernel" });

/** argument gives an argument, whose count was checked. */
export function argument(c: Context, index: number): Expr {
  const found = c.expr.arguments[index];
  if (found === undefined) throw new Error("argument counts are checked before");
  return found;
}

/** scalarAt evaluates an argument. */
export const scalarAt = (c: Context, index: number): Scalar => c.low.scalar(c.low, argument(c, index));
/** wideAt evaluates an integer argument to 64 bits. */
export const wideAt = (c: Context, index: number): Value =>
  wide(c.low, scalarAt(c, index).value, typeOf(c.low, argument(c, index)));

/** targetAt is what a pointer argument points to. */
export function targetAt(c: Context, index: number): Type {
  const of = under(typeOf(c.low, argument(c, index)));
  return of.kind === "pointer" ? of.target : uint8;
}

/** pointerPlace is what an argument points to; `&x` gives x itself, so that its slot stays known. */
export function pointerPlace(c: Context, index: number): Place {
  const expr = bare(argument(c, index));
  if (expr.kind === "unary" && expr.operator === "&") {
    const inner = bare(expr.operand);
    if (inner.kind !== "composite") return c.low.place(c.low, expr.operand);
  }
  return pointee(scalarAt(c, index), targetAt(c, index));
}

/** source is an address to read from: a number, or a pointer whose space must agree. */
export function source(c: Context, index: number, space: "kernel" | "user"): Value {
  const { low } = c;
  const expr = argument(c, index);
  const of = under(typeOf(low, expr));
  const given = low.scalar(low, expr);
  const agrees =
    of.kind !== "pointer" || given.space === space || (space === "kernel" && given.space !== "user");
  if (!agrees)
    refuse(
      low,
      "address-space",
      expr,
      `this points to ${given.space} memory`,
      space === "user" ? "use bpf.ReadKernel" : "use bpf.ReadUser",
    );
  return wide(low, given.value, typeOf(low, expr));
}

/** destination is the memory of the program that the first argument points to. */
export function destination(c: Context): Value {
  const given = scalarAt(c, 0);
  if (!isDirect(given.space))
    refuse(
      c.low,
      "address-space",
      argument(c, 0),
      `this reads into memory of the program, not into ${given.space} memory`,
    );
  return given.value;
}
