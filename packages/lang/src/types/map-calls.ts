import { didYouMean } from "../source/nearest.js";
import type { CallExpr, Expr, SelectorExpr } from "../syntax/ast.js";
import { assignable, countOf, wantInteger } from "./convert.js";
import { type Env, fail } from "./env.js";
import { mapMethods } from "./map-methods.js";
import type { MapSymbol } from "./symbols.js";
import {
  badType,
  boolType,
  identical,
  intType,
  type MapType,
  type Type,
  typeName,
  uint64,
  under,
  voidType,
} from "./type.js";

/** operand checks a key or value, given by value or by address. */
export function operand(env: Env, value: Expr, type: Type, what: string): void {
  const given = env.check(env, value, type);
  const of = under(given);
  if (of.kind === "pointer" && identical(of.target, type) && !identical(given, type)) return;
  assignable(env, value, given, type, what);
}

/** innerMap stands for a map that another map gave: it has a type, but no name. */
export function innerMap(type: MapType, at: Expr): MapSymbol {
  return { kind: "map", name: "", declared: at, type, pin: false, flags: 0 };
}

/** callbackProblem says what a function must look like that is called with a map's entries. */
function checkCallback(env: Env, value: Expr, wanted: readonly Type[]): void {
  const type = env.check(env, value);
  if (type.kind === "bad") return;
  const shape = wanted.map((each) => typeName({ kind: "pointer", target: each })).join(", ");
  const fits =
    type.kind === "function" &&
    type.parameters.length === wanted.length &&
    type.parameters.every((given, i) => {
      const of = under(given);
      const to = wanted[i] ?? badType;
      return identical(given, to) || (of.kind === "pointer" && identical(of.target, to));
    }) &&
    (under(type.result).kind === "bool" || under(type.result).kind === "int");
  if (!fits)
    fail(
      env,
      "wrong-type",
      value,
      `a function func(${shape}) bool is needed, this is ${typeName(type)}`,
      "return true to stop",
    );
}

/** checkOwner checks the object that a storage belongs to. */
function checkOwner(env: Env, value: Expr, map: MapSymbol): void {
  const given = env.check(env, value);
  const of = under(given);
  const target = of.kind === "pointer" ? under(of.target) : undefined;
  const wanted = map.type.row.owner?.struct ?? "";
  const isSocket = wanted === "sock" && target?.kind === "struct" && /sock/.test(target.name);
  if (given.kind === "bad" || isSocket || (target?.kind === "struct" && target.name === wanted)) return;
  fail(env, "wrong-type", value, `a *vmlinux.${wanted} is needed, this is ${typeName(given)}`);
}

/** checkContext checks that an argument is the program's context. */
function checkContext(env: Env, value: Expr): void {
  const given = env.check(env, value);
  const of = under(given);
  const target = of.kind === "pointer" ? under(of.target) : undefined;
  if (given.kind !== "bad" && target?.kind !== "context")
    fail(env, "wrong-type", value, `the program's context is needed, this is ${typeName(given)}`, "ctx");
}

/** mapMethod checks a call of a map's method; `object` is where the map comes from when it has no name. */
export function mapMethod(
  env: Env,
  expr: CallExpr,
  callee: SelectorExpr,
  map: MapSymbol,
  object?: Expr,
): Type {
  const { type } = map;
  const row = mapMethods.find(
    (each) => each.name === callee.name.name && each.families.includes(type.row.family),
  );
  if (row === undefined) {
    const names = mapMethods
      .filter((each) => each.families.includes(type.row.family))
      .map((each) => each.name);
    fail(
      env,
      "no-field",
      callee.name,
      `${typeName(type)} has no method ${callee.name.name}`,
      didYouMean(callee.name.name, names, 24),
    );
    return badType;
  }
  env.unit.calls.set(expr.id, { kind: "map-method", row, map, ...(object === undefined ? {} : { object }) });
  countOf(
    env,
    expr,
    row.name,
    expr.arguments.length,
    row.operands.length - row.optional,
    row.operands.length,
  );
  row.operands.forEach((kind, i) => {
    const value = expr.arguments[i];
    if (value === undefined) return;
    if (kind === "key") operand(env, value, type.key, "the key");
    else if (kind === "value") operand(env, value, type.value, "the value");
    else if (kind === "flags" || kind === "size")
      wantInteger(env, value, uint64, kind === "size" ? "the size" : "the flags");
    else if (kind === "context") checkContext(env, value);
    else if (kind === "object") checkOwner(env, value, map);
    else if (kind === "function")
      checkCallback(env, value, type.row.family === "user-ring" ? [type.value] : [type.key, type.value]);
    else if (kind === "count") {
      const to = under(type.value).kind === "int" ? type.value : uint64;
      assignable(env, value, env.check(env, value, to), to, "the count");
    } else {
      const pointer: Type = { kind: "pointer", target: type.value };
      assignable(
        env,
        value,
        env.check(env, value, pointer),
        pointer,
        kind === "record" ? "the record" : "the memory",
      );
    }
  });
  if ((row.name === "Increment" || row.name === "Add") && type.value.kind !== "bad") {
    const of = under(type.value);
    if (of.kind !== "int" || of.bits < 32)
      fail(
        env,
        "wrong-type",
        callee.name,
        `${row.name} needs values of 32 or 64 bits, these are ${typeName(type.value)}`,
      );
  }
  if (row.result === "value-pointer") return { kind: "pointer", target: type.value };
  if (row.result === "bool") return boolType;
  return row.result === "uint64" ? uint64 : row.result === "void" ? voidType : intType;
}
