import type { CallExpr, SelectorExpr } from "../syntax/ast.js";
import { assignable, settle } from "./convert.js";
import { type Env, fail } from "./env.js";
import { helperId, helperResult } from "./helpers.js";
import { refusedHelpers } from "./print-builtins.js";
import { suggestMember } from "./suggest.js";
import { badType, intType, type Type, uint64 } from "./type.js";

/** checkHelperCall checks `helpers.Name(…)`: a helper of the kernel by its own name. */
export function checkHelperCall(env: Env, expr: CallExpr, callee: SelectorExpr): Type {
  const found = helperId(callee.name.name);
  if (found === undefined) {
    fail(
      env,
      "undefined",
      callee.name,
      `there is no helper ${callee.name.name}`,
      suggestMember("helpers", callee.name.name) ??
        "helpers have the kernel's names: bpf_probe_read_user is helpers.ProbeReadUser",
    );
    return badType;
  }
  const refused = refusedHelpers[found.name];
  if (refused !== undefined) fail(env, "unsupported", callee.name, refused.why, refused.instead);
  env.unit.calls.set(expr.id, { kind: "helper", ...found });
  if (expr.arguments.length > 5)
    fail(env, "too-many-arguments", expr, "a helper takes at most five arguments");
  for (const value of expr.arguments) {
    const type = env.check(env, value, uint64);
    if (type.kind === "untyped" && type.of === "int") assignable(env, value, type, intType, "the argument");
    else if (type.kind === "untyped") settle(env, value, uint64);
  }
  return helperResult(env.unit.kernel, found.name);
}
