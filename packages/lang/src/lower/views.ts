import type { SliceExpr } from "../syntax/ast.js";
import { type ArrayType, sizeOf, under } from "../types/type.js";
import { guard, wide } from "./arithmetic.js";
import { addressOf, within } from "./places.js";
import { isDirect, type Low, type Place, type Scalar, typeOf } from "./state.js";

/** viewOf gives the address of a part of an array; a start that is not constant is checked, and ends the program when it is out of range. */
export function viewOf(low: Low, expr: SliceExpr, object: Place): Scalar {
  const { b } = low;
  const array = under(object.type);
  const type = under(typeOf(low, expr));
  const part = type.kind === "pointer" ? under(type.target) : type;
  if (array.kind !== "array" || part.kind !== "array") throw new Error("a view is of an array");
  const start = startOf(low, expr, array, part);
  if (typeof start === "number") {
    const at = within(object, start * sizeOf(array.element), part, start);
    return { value: addressOf(low, at), space: object.space };
  }
  const last = b.constant(BigInt(array.length - part.length));
  if (isDirect(object.space)) guard(low, b.compare("ule", start, last), expr);
  const offset = b.binary("mul", start, b.constant(BigInt(sizeOf(array.element))));
  return { value: b.binary("add", addressOf(low, object), offset), space: object.space };
}

function startOf(low: Low, expr: SliceExpr, array: ArrayType, part: ArrayType) {
  if (expr.low === undefined) return 0;
  const constant = low.shared.checked.constants.get(expr.low.id);
  if (typeof constant === "bigint") return Number(constant);
  const { value } = low.scalar(low, expr.low);
  low.b.at = expr;
  const start = wide(low, value, typeOf(low, expr.low));
  return start.op === "const" && Number(start.imm) <= array.length - part.length ? Number(start.imm) : start;
}
