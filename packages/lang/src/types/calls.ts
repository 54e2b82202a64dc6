import type { CallExpr, Expr, SelectorExpr } from "../syntax/ast.js";
import { checkBuiltinCall } from "./builtin-calls.js";
import { heapBuiltins } from "./builtins.js";
import { checkConversion } from "./conversions.js";
import { bare } from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import { mayBeMissing, typeOrMissing } from "./existence.js";
import { checkFunctionCall } from "./function-calls.js";
import { checkHelperCall } from "./helper-calls.js";
import { checkKfunc } from "./kfunc-call.js";
import { mapRow } from "./map-kinds.js";
import { checkMethodCall } from "./method-calls.js";
import { checkPublishedCall } from "./published-maps.js";
import { isUserName } from "./resolve.js";
import { suggestMember } from "./suggest.js";
import type { AnySymbol, PackageSymbol } from "./symbols.js";
import { badType, basicTypes, type Type, typeName } from "./type.js";

/** packageOf tells which package a selector's object names; `bpf` may be named without import. */
function packageOf(env: Env, expr: SelectorExpr): PackageSymbol["package"] | undefined {
  const object = bare(expr.object);
  if (object.kind !== "name") return undefined;
  const symbol = lookUp(env.scope, object.name);
  return symbol?.kind === "package" ? symbol.package : undefined;
}

/** asType reads a callee as a type, which makes the call a conversion; undefined when it is none. */
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
  if (type !== undefined) return checkConversion(env, expr, type);
  const callee = bare(expr.callee);
  const instance = callee.kind === "index" ? callee.object : callee;
  if (instance.kind === "selector") {
    const from = packageOf(env, instance);
    const name = instance.name.name;
    if (from === "helpers") return checkHelperCall(env, expr, instance);
    if (from === "kfunc") return checkKfunc(env, expr, instance);
    if (from === "bpf") {
      const read = mayBeMissing(name) ? typeOrMissing : env.resolveType;
      const types = callee.kind === "index" ? callee.indices.map((each) => read(env, each)) : [];
      const found =
        checkPublishedCall(env, expr, name) ?? checkBuiltinCall(env, expr, "bpf", name, types, want);
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
    if (callee.kind === "selector") return checkMethodCall(env, expr, callee, want);
  }
  if (callee.kind === "name") {
    const symbol = lookUp(env.scope, callee.name);
    if (symbol?.kind === "function") {
      env.unit.symbols.set(callee.id, symbol);
      return checkFunctionCall(env, expr, symbol, undefined);
    }
    if (symbol === undefined) {
      const found = checkBuiltinCall(env, expr, "universe", callee.name, []);
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
