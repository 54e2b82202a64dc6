import { didYouMean } from "../source/nearest.js";
import type { CallExpr } from "../syntax/ast.js";
import { bare, countOf, wantInteger } from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import { operand } from "./map-calls.js";
import { mapRow, mapRows } from "./map-kinds.js";
import { declareMap } from "./maps.js";
import type { MapSymbol } from "./symbols.js";
import { badType, int32, intType, type MapType, type Type, uint64 } from "./type.js";

/** mapByUse reads `bpf::map::Kind[T]("name")`: a map declared by its use. */
export function mapByUse(env: Env, expr: CallExpr): MapSymbol | undefined {
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

/** checkPublishedCall reads `bpf.MapLookup(&m, &k, &v)` and its like, the published spellings of map access. */
export function checkPublishedCall(env: Env, expr: CallExpr, name: string): Type | undefined {
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
