import type { CallExpr, SelectorExpr } from "../syntax/ast.js";
import { checkBuiltinCall } from "./builtin-calls.js";
import { constantInteger, countOf } from "./convert.js";
import { type Env, fail } from "./env.js";
import { registerMethods, registerOffset, registerRows } from "./registers.js";
import { badType, type ContextType, type Type, uint64 } from "./type.js";
import { mostArguments, specifications } from "./usdt.js";

/** checkContextMethod checks a method of a context; undefined when this context has none of that name. */
export function checkContextMethod(
  env: Env,
  expr: CallExpr,
  callee: SelectorExpr,
  context: ContextType,
): Type | undefined {
  const name = callee.name.name;
  const { access } = context.row;
  if (name === "Pid" || name === "PID") return checkBuiltinCall(env, expr, "bpf", "PID", []);
  if (context.row.name === "USDT" && name === "Arg") return checkUsdtArgument(env, expr, callee);
  if (access === "registers") return checkRegister(env, expr, callee);
  if (name !== "Arg" || (access !== "words" && access !== "typed")) return undefined;
  if (!countOf(env, expr, "Arg", expr.arguments.length, 1, 1)) return badType;
  const value = expr.arguments[0];
  const at = value === undefined ? undefined : constantInteger(env, value, "the argument's number");
  if (at === undefined || value === undefined) return badType;
  const limit = context.words?.length ?? 12;
  if (at < 0n || at >= BigInt(limit)) {
    fail(env, "out-of-range", value, `there is no argument ${at}, only 0 to ${limit - 1}`);
    return badType;
  }
  env.unit.calls.set(expr.id, { kind: "context-word", index: Number(at), object: callee.object });
  return context.words?.[Number(at)] ?? uint64;
}

/** checkUsdtArgument checks `ctx.Arg(n)` of a USDT probe. */
function checkUsdtArgument(env: Env, expr: CallExpr, callee: SelectorExpr): Type {
  const [value] = expr.arguments;
  if (!countOf(env, expr, "Arg", expr.arguments.length, 1, 1) || value === undefined) return badType;
  const at = constantInteger(env, value, "the argument's number");
  const map = specifications(env, expr);
  if (at === undefined || map === undefined) return badType;
  if (at < 0n || at >= BigInt(mostArguments)) {
    fail(env, "out-of-range", value, `there is no argument ${at}, only 0 to ${mostArguments - 1}`);
    return badType;
  }
  env.unit.calls.set(expr.id, { kind: "usdt-argument", index: Number(at), object: callee.object, map });
  return uint64;
}

/** checkRegister checks the methods that read registers: GoArg(n), SP() and their like. */
export function checkRegister(env: Env, expr: CallExpr, callee: SelectorExpr): Type | undefined {
  const name = callee.name.name;
  const rows = registerRows[env.unit.architecture];
  const pair = name === "GoString";
  const method = registerMethods.find((each) => each.name === (pair ? "GoArg" : name));
  const indexed = method?.indexed ?? false;
  if (method === undefined && rows.named[name] === undefined) return undefined;
  if (!countOf(env, expr, name, expr.arguments.length, indexed ? 1 : 0, indexed ? 1 : 0)) return badType;
  const value = expr.arguments[0];
  const at = value === undefined ? 0n : constantInteger(env, value, "the argument's number");
  if (at === undefined) return badType;
  const offset = registerOffset(rows, pair ? "GoArg" : name, Number(at));
  const second = pair ? registerOffset(rows, "GoArg", Number(at) + 1) : undefined;
  if (offset === undefined || (pair && second === undefined)) {
    fail(
      env,
      "out-of-range",
      expr,
      `argument ${at} is not in a register on ${env.unit.architecture}`,
      "read it from the stack: bpf.User[uint64](ctx.SP() + …)",
    );
    return badType;
  }
  const call = { kind: "register", offset, object: callee.object } as const;
  env.unit.calls.set(expr.id, second === undefined ? call : { ...call, pair: second });
  return pair ? { kind: "tuple", members: [uint64, uint64] } : uint64;
}
