import { argument, type BuiltinCall, type BuiltinRow, type Check, integer, takes } from "./builtin-check.js";
import { bare } from "./convert.js";
import { fail, lookUp } from "./env.js";
import type { MapRow } from "./map-kinds.js";
import { int64, type Type, typeName, uint32, uint64, under, voidType } from "./type.js";

/** mapArgument checks that an argument is a map of a family, `&m` or `m`. */
function mapArgument(c: BuiltinCall, index: number, family: MapRow["family"], wanted: string): void {
  const expr = bare(argument(c, index));
  const inner = expr.kind === "unary" ? bare(expr.operand) : expr;
  const symbol = inner.kind === "name" ? lookUp(c.env.scope, inner.name) : undefined;
  if (symbol?.kind === "map" && symbol.type.row.family === family) {
    c.env.unit.symbols.set(inner.id, symbol);
    return;
  }
  const found = symbol?.kind === "map" ? typeName(symbol.type) : "something else";
  fail(c.env, "wrong-type", expr, `${wanted} is needed, this is ${found}`, "give its address: &m");
}

function context(c: BuiltinCall, index: number): void {
  const type: Type = under(c.env.check(c.env, argument(c, index)));
  const target = type.kind === "pointer" ? under(type.target) : type;
  if (target.kind !== "context" && type.kind !== "bad")
    fail(
      c.env,
      "wrong-type",
      argument(c, index),
      `the program's context is needed, this is ${typeName(type)}`,
      "ctx",
    );
}

const stack: Check = (c) => {
  mapArgument(c, 0, "stack-trace", "a bpf.StackTrace map");
  if (c.arguments.length > 1) integer(c, 1, uint64);
  return int64;
};

/** mapBuiltinRows are builtins that take a map. */
export const mapBuiltinRows: readonly BuiltinRow[] = [
  takes("KernelStack", 1, 2, stack),
  takes("UserStack", 1, 2, stack),
  takes("TailCall", 3, 3, (c) => {
    context(c, 0);
    mapArgument(c, 1, "programs", "a bpf.ProgArray map");
    integer(c, 2, uint32);
    return voidType;
  }),
];
