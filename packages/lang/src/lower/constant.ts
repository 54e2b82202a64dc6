import type { Value } from "../ir/ir.js";
import type { Expr } from "../syntax/ast.js";
import type { Constant } from "../types/symbols.js";
import type { Type } from "../types/type.js";
import { type Low, widthOf } from "./state.js";

/** constantOf gives the value of a constant expression. */
export function constantOf(low: Low, expr: Expr): Constant | undefined {
  return low.shared.checked.constants.get(expr.id);
}

/** constantValue is a constant in a register. */
export function constantValue(low: Low, value: bigint | boolean, type: Type): Value {
  return low.b.constant(BigInt(value), widthOf(type));
}
