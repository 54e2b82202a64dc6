import type { CallExpr } from "../syntax/ast.js";
import { builtinRow } from "./builtins.js";
import { countOf } from "./convert.js";
import { type Env, fail } from "./env.js";
import { badType, type Type } from "./type.js";

/** checkBuiltinCall checks the call of a builtin by its row; undefined when there is no such row. */
export function checkBuiltinCall(
  env: Env,
  expr: CallExpr,
  from: "bpf" | "universe",
  name: string,
  types: readonly Type[],
  want?: Type,
): Type | undefined {
  const row = builtinRow(from, name);
  if (row === undefined) return undefined;
  env.unit.calls.set(expr.id, { kind: "builtin", name: row.name, types });
  if (types.length !== row.typeArguments) {
    fail(
      env,
      "bad-call",
      expr,
      `${name} takes ${row.typeArguments} type argument${row.typeArguments === 1 ? "" : "s"} in brackets, ${types.length} given`,
    );
    return badType;
  }
  if (!countOf(env, expr, name, expr.arguments.length, row.least, row.most)) return badType;
  return row.check({ env, call: expr, arguments: expr.arguments, types, want });
}
