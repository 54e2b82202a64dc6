import { didYouMean } from "../source/nearest.js";
import type { CallExpr, Expr, SelectorExpr } from "../syntax/ast.js";
import { builtinRow, heapBuiltins } from "./builtins.js";
import {
  assignable,
  bare,
  constantInteger,
  countOf,
  fits,
  rangeOf,
  settle,
  wantInteger,
  wrap,
} from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import { mayBeMissing, typeOrMissing } from "./existence.js";
import { helperId, helperResult } from "./helpers.js";
import { checkKfunc } from "./kfunc-call.js";
import { innerMap, mapMethod, operand } from "./map-calls.js";
import { mapRow, mapRows } from "./map-kinds.js";
import { declareMap } from "./maps.js";
import { markAddressTaken } from "./operators.js";
import { refusedHelpers } from "./print-builtins.js";
import { registerMethods, registerOffset, registerRows } from "./registers.js";
import { isUserName } from "./resolve.js";
import { specialMethod } from "./special-types.js";
import { suggestMember } from "./suggest.js";
import type { AnySymbol, FunctionSymbol, MapSymbol, PackageSymbol } from "./symbols.js";
import {
  badType,
  basicTypes,
  type ContextType,
  identical,
  int32,
  intType,
  isKernelStruct,
  isUserStruct,
  type MapType,
  type Type,
  typeName,
  uint64,
  under,
} from "./type.js";
import { mostArguments, specifications } from "./usdt.js";

function convert(env: Env, expr: CallExpr, to: Type): Type {
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

function callFunction(env: Env, expr: CallExpr, symbol: FunctionSymbol, receiver: Expr | undefined): Type {
  if (env.function !== undefined) env.unit.edges.push({ from: env.function, to: symbol, at: expr });
  env.unit.calls.set(expr.id, { kind: "function", symbol, ...(receiver === undefined ? {} : { receiver }) });
  const { parameters, result } = symbol.type;
  if (receiver !== undefined) {
    // A method of *T called on a variable takes the variable's address.
    const given = env.unit.types.get(receiver.id);
    const wanted = parameters[0] === undefined ? undefined : under(parameters[0]).kind;
    if (wanted === "pointer" && given !== undefined && under(given).kind !== "pointer")
      markAddressTaken(env, receiver);
  }
  const own = receiver === undefined ? parameters : parameters.slice(1);
  if (own.at(-1)?.kind !== "bad")
    countOf(env, expr, symbol.name, expr.arguments.length, own.length, own.length);
  expr.arguments.forEach((value, i) => {
    const to = own[i];
    const from = env.check(env, value, to);
    if (to !== undefined) assignable(env, value, from, to, `argument ${i + 1}`);
  });
  return result;
}

function builtin(
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

function helper(env: Env, expr: CallExpr, callee: SelectorExpr): Type {
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

function contextMethod(
  env: Env,
  expr: CallExpr,
  callee: SelectorExpr,
  context: ContextType,
): Type | undefined {
  const name = callee.name.name;
  const { access } = context.row;
  if (name === "Pid" || name === "PID") return builtin(env, expr, "bpf", "PID", []);
  if (context.row.name === "USDT" && name === "Arg") return usdtArgument(env, expr, callee);
  if (access === "registers") return register(env, expr, callee);
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

/** usdtArgument checks `ctx.Arg(n)` of a USDT probe. */
function usdtArgument(env: Env, expr: CallExpr, callee: SelectorExpr): Type {
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

function register(env: Env, expr: CallExpr, callee: SelectorExpr): Type | undefined {
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

function method(env: Env, expr: CallExpr, callee: SelectorExpr, want: Type | undefined): Type {
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
    const found = contextMethod(env, expr, callee, struct);
    if (found !== undefined) return found;
  } else if (struct.kind === "struct" && struct.kernel !== undefined && struct.name === "pt_regs") {
    const found = register(env, expr, callee);
    if (found !== undefined) return found;
  } else if (target.kind === "named") {
    const found = findMethod(env, callee.object, target, callee.name.name);
    if (found !== undefined) return callFunction(env, expr, found.symbol, found.receiver);
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

interface Method {
  readonly symbol: FunctionSymbol;
  readonly receiver: Expr;
}

/** findMethod finds a method of a type, or of what it embeds: then the embedded part is the receiver. */
function findMethod(env: Env, object: Expr, type: Type, name: string, depth = 0): Method | undefined {
  const own = type.kind === "named" ? env.unit.named.get(type)?.methods.get(name) : undefined;
  if (own !== undefined) return { symbol: own, receiver: object };
  const struct = under(type);
  if (struct.kind !== "struct" || struct.kernel !== undefined || depth > 8) return undefined;
  for (const field of struct.fields) {
    if (!field.embedded) continue;
    const target = under(field.type).kind === "pointer" ? under(field.type) : field.type;
    const inner = target.kind === "pointer" ? target.target : target;
    const range = { start: object.start, end: object.end };
    const node = { name: field.name, id: env.unit.synthetic.next--, ...range };
    const part: SelectorExpr = {
      kind: "selector",
      object,
      name: node,
      id: env.unit.synthetic.next--,
      ...range,
    };
    const found = findMethod(env, part, inner, name, depth + 1);
    if (found === undefined) continue;
    env.unit.types.set(part.id, field.type);
    env.unit.selections.set(part.id, { kind: "fields", path: [field] });
    return found;
  }
  return undefined;
}

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

/** mapByUse reads `bpf::map::Kind[T]("name")`: a map declared by its use. */
function mapByUse(env: Env, expr: CallExpr): MapSymbol | undefined {
  const instance = expr.callee.kind === "index" ? expr.callee.object : expr.callee;
  if (instance.kind !== "selector" || instance.object.kind !== "selector") return undefined;
  const { object } = instance.object;
  if (object.kind !== "name" || instance.object.name.name !== "map") return undefined;
  const from = lookUp(env.scope, object.name);
  const row = mapRow(instance.name.name);
  if (from !== undefined && from.kind !== "package") return undefined;
  if (row === undefined) {
    const kinds = mapRows.map((each) => each.name);
    const hint = didYouMean(instance.name.name, kinds, 40);
    fail(env, "undefined", instance.name, `there is no kind of map ${instance.name.name}`, hint);
    return undefined;
  }
  const types =
    expr.callee.kind === "index" ? expr.callee.indices.map((each) => env.resolveType(env, each)) : [];
  const label = expr.arguments[0];
  if (label !== undefined) env.check(env, label);
  const name = label === undefined ? undefined : env.unit.constants.get(label.id);
  if (typeof name !== "string" || label === undefined) {
    fail(env, "bad-call", expr, "a map declared by its use needs its name as a constant string");
    return undefined;
  }
  return declareMap(env, label, name, row, types, row.defaultEntries);
}

/** packageOf tells which package a selector's object names; `bpf` may be named without import. */
function packageOf(env: Env, expr: SelectorExpr): PackageSymbol["package"] | undefined {
  const object = bare(expr.object);
  if (object.kind !== "name") return undefined;
  const symbol = lookUp(env.scope, object.name);
  return symbol?.kind === "package" ? symbol.package : undefined;
}

function asType(env: Env, callee: Expr): Type | undefined {
  const inner = bare(callee);
  if (
    inner.kind === "star" ||
    inner.kind === "array-type" ||
    inner.kind === "struct-type" ||
    inner.kind === "refused"
  )
    return env.resolveType(env, inner);
  if (inner.kind === "name") {
    const symbol: AnySymbol | undefined = lookUp(env.scope, inner.name);
    if (symbol?.kind === "type") return env.resolveType(env, inner);
    return symbol === undefined && inner.name in basicTypes ? basicTypes[inner.name] : undefined;
  }
  if (inner.kind === "selector" && (packageOf(env, inner) === "vmlinux" || isUserName(env, inner)))
    return env.resolveType(env, inner);
  return undefined;
}

/** checkCall checks a call: conversion, function, builtin, helper or method. */
export function checkCall(env: Env, expr: CallExpr, want: Type | undefined): Type {
  const type = asType(env, expr.callee);
  if (type !== undefined) return convert(env, expr, type);
  const callee = bare(expr.callee);
  const instance = callee.kind === "index" ? callee.object : callee;
  if (instance.kind === "selector") {
    const from = packageOf(env, instance);
    const name = instance.name.name;
    if (from === "helpers") return helper(env, expr, instance);
    if (from === "kfunc") return checkKfunc(env, expr, instance);
    if (from === "bpf") {
      const read = mayBeMissing(name) ? typeOrMissing : env.resolveType;
      const types = callee.kind === "index" ? callee.indices.map((each) => read(env, each)) : [];
      const found = published(env, expr, name) ?? builtin(env, expr, "bpf", name, types, want);
      if (found !== undefined) return found;
      const map = mapRow(name) !== undefined;
      fail(
        env,
        "undefined",
        instance.name,
        `bpf.${name} is not a function`,
        map ? "maps are package variables: var m = bpf.…" : suggestMember("bpf", name),
      );
      return badType;
    }
    if (callee.kind === "selector") return method(env, expr, callee, want);
  }
  if (callee.kind === "name") {
    const symbol = lookUp(env.scope, callee.name);
    if (symbol?.kind === "function") {
      env.unit.symbols.set(callee.id, symbol);
      return callFunction(env, expr, symbol, undefined);
    }
    if (symbol === undefined) {
      const found = builtin(env, expr, "universe", callee.name, []);
      if (found !== undefined) return found;
      const heap = heapBuiltins[callee.name];
      if (heap !== undefined) {
        fail(env, "heap", expr, `${callee.name} ${heap.why}`, heap.instead);
        return badType;
      }
    }
  }
  const found = env.check(env, expr.callee);
  if (found.kind === "function")
    fail(
      env,
      "heap",
      expr,
      "a function literal runs only as the body that bpf.Loop and ForEach are given",
      "declare a function and call it by its name: calls are inlined",
    );
  else if (found.kind !== "bad")
    fail(env, "bad-call", expr, `${typeName(found)} cannot be called`, "only functions and types can");
  for (const value of expr.arguments) env.check(env, value);
  return badType;
}

/** published reads `bpf.MapLookup(&m, &k, &v)` and its like, the published spellings of map access. */
function published(env: Env, expr: CallExpr, name: string): Type | undefined {
  const operands = { MapLookup: "value", MapUpdate: "value", MapDelete: "key" }[name];
  if (operands === undefined) return undefined;
  const count = operands === "key" ? 2 : 3;
  if (!countOf(env, expr, name, expr.arguments.length, count, name === "MapUpdate" ? 4 : count))
    return badType;
  const first = expr.arguments[0];
  const inner = first === undefined ? undefined : bare(first.kind === "unary" ? first.operand : first);
  const symbol = inner?.kind === "name" ? lookUp(env.scope, inner.name) : undefined;
  if (symbol?.kind !== "map" || inner === undefined) {
    fail(env, "wrong-type", first ?? expr, "the first argument is the map: &m");
    return badType;
  }
  const { type }: { type: MapType } = symbol;
  env.unit.calls.set(expr.id, { kind: "builtin", name, types: [] });
  env.unit.symbols.set(inner.id, symbol);
  expr.arguments.slice(1).forEach((value, i) => {
    if (i === 2) wantInteger(env, value, uint64, "the flags");
    else operand(env, value, i === 0 ? type.key : type.value, i === 0 ? "the key" : "the value");
  });
  return name === "MapLookup" ? int32 : intType;
}
