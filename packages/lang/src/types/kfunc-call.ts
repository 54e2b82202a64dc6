import type { CallExpr, Expr, SelectorExpr } from "../syntax/ast.js";
import { bare, constantInteger, settle, wantInteger } from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import type { KernelFunction } from "./kernel.js";
import type { KfuncArgument } from "./kfunc-argument.js";
import { parameterRole } from "./kfuncs.js";
import { badType, boolType, isKernelStruct, type Type, typeName, uint64, under } from "./type.js";

type Parameter = KernelFunction["signature"]["parameters"][number];

function integer(env: Env, expr: Expr, type: Type): KfuncArgument {
  if (under(type).kind === "bool") {
    const given = env.check(env, expr, boolType);
    if (under(given).kind !== "bool" && given.kind !== "bad")
      fail(env, "wrong-type", expr, `this needs a bool, it is ${typeName(given)}`, "compare it: … != 0");
  } else wantInteger(env, expr, type, "this argument");
  return { kind: "value", expr, type };
}

function pointer(env: Env, expr: Expr, type: Type, nilable: boolean): KfuncArgument {
  const given = env.check(env, expr, type);
  const of = under(given);
  const wanted = under(type);
  const target = wanted.kind === "pointer" ? wanted.target : type;
  if (given.kind === "untyped" && given.of === "nil") {
    settle(env, expr, type);
    if (!nilable) fail(env, "wrong-type", expr, "this argument cannot be nil");
    return { kind: "any", expr, type };
  }
  if (of.kind !== "pointer") {
    if (of.kind !== "bad")
      fail(
        env,
        "wrong-type",
        expr,
        `this needs ${typeName(type)}, it is ${typeName(given)}`,
        "take its address with &",
      );
    return { kind: "memory", expr, type };
  }
  const own = under(of.target);
  if (!isKernelStruct(target)) return { kind: "memory", expr, type: given };
  if (own.kind === "context") return { kind: "value", expr, type: given };
  const wantedStruct = under(target);
  // A bpf.Dynptr is the kernel's bpf_dynptr: the name says it.
  const same = own.kind === "struct" && wantedStruct.kind === "struct" && own.name === wantedStruct.name;
  if (!same && own.kind !== "bad")
    fail(env, "wrong-type", expr, `this needs ${typeName(type)}, it is ${typeName(given)}`);
  return { kind: "object", expr, type: given };
}

function anything(env: Env, expr: Expr): KfuncArgument {
  const given = env.check(env, expr, uint64);
  const constant = env.unit.constants.get(expr.id);
  if (typeof constant === "string") return { kind: "text", text: constant };
  if (given.kind === "untyped") settle(env, expr, uint64);
  return { kind: "any", expr, type: given };
}

function text(env: Env, expr: Expr): KfuncArgument {
  env.check(env, expr);
  const value = env.unit.constants.get(expr.id);
  if (typeof value !== "string") fail(env, "not-constant", expr, "this argument is a constant text");
  return { kind: "text", text: typeof value === "string" ? value : "" };
}

function map(env: Env, expr: Expr): KfuncArgument {
  const inner = bare(expr.kind === "unary" ? expr.operand : expr);
  const symbol = inner.kind === "name" ? lookUp(env.scope, inner.name) : undefined;
  if (symbol?.kind === "map") env.unit.symbols.set(inner.id, symbol);
  else fail(env, "wrong-type", expr, "this argument is a map: &m");
  return { kind: "map", expr: inner };
}

function argument(env: Env, expr: Expr, { name, type }: Parameter): KfuncArgument {
  const role = parameterRole(name);
  switch (role) {
    case "text":
      return text(env, expr);
    case "map":
      return map(env, expr);
    case "any":
      return anything(env, expr);
    case "constant":
      constantInteger(env, expr, "this argument");
      return { kind: "value", expr, type };
    default:
      if (typeName(type) === "*vmlinux.bpf_map") return map(env, expr);
      return under(type).kind === "pointer"
        ? pointer(env, expr, type, role === "nullable")
        : integer(env, expr, type);
  }
}

/** bindArguments gives each parameter its argument; sizes of memory may be left out. */
export function bindArguments(env: Env, expr: CallExpr, fn: KernelFunction): KfuncArgument[] {
  const { parameters } = fn.signature;
  const roles = parameters.map((each) => parameterRole(each.name));
  const visible = parameters.filter((_, i) => roles[i] !== "hidden").length;
  const withoutSizes = roles.filter((role) => role !== "hidden" && role !== "size").length;
  const given = expr.arguments;
  if (given.length !== visible && given.length !== withoutSizes) {
    const names = parameters
      .filter((_, i) => roles[i] !== "hidden")
      .map((each) => `${each.name} ${typeName(each.type)}`);
    fail(
      env,
      "bad-call",
      expr,
      `${fn.name} takes (${names.join(", ")}), ${given.length} arguments are given`,
    );
    return [];
  }
  const sized = given.length === visible;
  let next = 0;
  return parameters.map((parameter, i): KfuncArgument => {
    if (roles[i] === "hidden") return { kind: "hidden" };
    if (roles[i] === "size" && !sized) return { kind: "size", expr: undefined };
    const value = given[next++];
    if (value === undefined) return { kind: "hidden" };
    if (roles[i] === "size") {
      wantInteger(env, value, uint64, "the size");
      return { kind: "size", expr: value };
    }
    return argument(env, value, parameter);
  });
}

/** checkKfunc checks a call of a function of the kernel. */
export function checkKfunc(env: Env, expr: CallExpr, callee: SelectorExpr): Type {
  const name = callee.name.name;
  const fn = env.unit.kernel.kfunc(name);
  if (fn === undefined || fn === "no") {
    const why =
      fn === "no"
        ? `programs may not call the kernel's function ${name}`
        : env.unit.hasKernel
          ? `the kernel has no function ${name}`
          : `${name} is not known: no kernel BTF was given`;
    fail(
      env,
      "no-kernel-type",
      callee.name,
      why,
      `ask first: if bpf.FuncExists(${JSON.stringify(name)}) { … }`,
    );
    for (const value of expr.arguments) env.check(env, value);
    return badType;
  }
  const bound = bindArguments(env, expr, fn);
  env.unit.calls.set(expr.id, { kind: "kfunc", fn, arguments: bound });
  return fn.signature.result;
}
