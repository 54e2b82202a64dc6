import { didYouMean } from "../source/nearest.js";
import type { CallExpr, SelectorExpr } from "../syntax/ast.js";
import { checkContextMethod, checkRegister } from "./context-methods.js";
import { assignable, bare, countOf } from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import { checkFunctionCall, findMethod } from "./function-calls.js";
import { innerMap, mapMethod } from "./map-calls.js";
import { mapByUse } from "./published-maps.js";
import { registerMethods, registerRows } from "./registers.js";
import { specialMethod } from "./special-types.js";
import { badType, type Type, typeName, under } from "./type.js";

/** checkMethodCall checks `x.Name(…)` for whatever has methods: maps, contexts, the kernel's objects, types of the program. */
export function checkMethodCall(
  env: Env,
  expr: CallExpr,
  callee: SelectorExpr,
  want: Type | undefined,
): Type {
  const object = bare(callee.object);
  const symbol = object.kind === "name" ? lookUp(env.scope, object.name) : undefined;
  if (symbol?.kind === "map") {
    env.unit.symbols.set(object.id, symbol);
    env.unit.types.set(object.id, symbol.type);
    return mapMethod(env, expr, callee, symbol);
  }
  if (object.kind === "call") {
    const used = mapByUse(env, object);
    if (used !== undefined) return mapMethod(env, expr, callee, used);
  }
  const type = env.check(env, callee.object);
  const of = under(type);
  const target = of.kind === "pointer" ? of.target : type;
  const struct = under(target);
  if (of.kind === "pointer" && of.tag === "kptr" && callee.name.name === "Xchg") {
    const owned: Type = { kind: "pointer", target: of.target };
    env.unit.calls.set(expr.id, { kind: "exchange", object: callee.object });
    const [given] = expr.arguments;
    if (!countOf(env, expr, "Xchg", expr.arguments.length, 1, 1) || given === undefined) return owned;
    assignable(env, given, env.check(env, given, owned), owned, "the object");
    return owned;
  }
  if (of.kind === "pointer" && struct.kind === "map")
    return mapMethod(env, expr, callee, innerMap(struct, callee.object), callee.object);
  if (of.kind === "bad" || struct.kind === "bad") {
    for (const value of expr.arguments) env.check(env, value);
    return badType;
  }
  if (struct.kind === "struct" && struct.special === true) {
    const found = specialMethod(env, expr, callee, struct);
    if (found !== undefined) return found;
  }
  if (struct.kind === "context") {
    const found = checkContextMethod(env, expr, callee, struct);
    if (found !== undefined) return found;
  } else if (struct.kind === "struct" && struct.kernel !== undefined && struct.name === "pt_regs") {
    const found = checkRegister(env, expr, callee);
    if (found !== undefined) return found;
  } else if (target.kind === "named") {
    const found = findMethod(env, callee.object, target, callee.name.name);
    if (found !== undefined) return checkFunctionCall(env, expr, found.symbol, found.receiver);
  }
  fail(
    env,
    "no-field",
    callee.name,
    `${typeName(type)} has no method ${callee.name.name}`,
    methodHint(env, struct, callee.name.name),
  );
  for (const value of expr.arguments) env.check(env, value, want);
  return badType;
}

/** methodHint says what to call, or to declare, in place of a method that is not there. */
function methodHint(env: Env, of: Type, wanted: string): string | undefined {
  if (of.kind === "context" || (of.kind === "struct" && of.name === "pt_regs" && of.kernel !== undefined)) {
    const access = of.kind === "context" ? of.row.access : "registers";
    if (access === "fields" || access === "format") return "this context has fields only: ctx.name";
    if (access !== "registers") return "it has Arg(n)";
    const rows = registerRows[env.unit.architecture];
    return didYouMean(wanted, [
      ...registerMethods.map((each) => each.name),
      "GoString",
      ...Object.keys(rows.named),
    ]);
  }
  return "declare it: func (x *T) name() { … }";
}
