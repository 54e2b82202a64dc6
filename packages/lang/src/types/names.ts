import type { Range } from "../source/file.js";
import type { Expr, NameExpr } from "../syntax/ast.js";
import { type Env, fail, lookUp, tellOnce } from "./env.js";
import { unknownMember } from "./imports.js";
import { suggestName } from "./suggest.js";
import type { AnySymbol, Constant } from "./symbols.js";
import { badType, basicTypes, boolType, type Type, untypedInt, untypedNil } from "./type.js";

/** resolveConstant evaluates a constant the first time it is used; one that needs itself is refused. */
export function resolveConstant(
  env: Env,
  symbol: AnySymbol & { kind: "constant" },
  at: Range,
): { readonly type: Type; readonly value: Constant } {
  const { state } = symbol;
  if (state === "resolving") {
    fail(
      env,
      "recursion",
      at,
      `the constant ${symbol.name} is defined by itself`,
      "give it a value of its own",
    );
    return { type: badType, value: 0n };
  }
  if (!("resolve" in state)) return state;
  symbol.state = "resolving";
  const found = state.resolve();
  symbol.state = found;
  return found;
}

function constantSymbol(env: Env, expr: Expr, symbol: AnySymbol & { kind: "constant" }): Type {
  const state = resolveConstant(env, symbol, expr);
  env.unit.constants.set(expr.id, state.value);
  return state.type;
}

/** capture notes that function literals use a variable of a function around them. */
function capture(env: Env, symbol: AnySymbol & { kind: "variable" }): void {
  const inside = env.literals.findIndex((each) => each.id === symbol.owner?.id);
  for (const literal of env.literals.slice(inside + 1)) {
    symbol.captured = true;
    env.unit.literals.get(literal.id)?.captures.add(symbol);
  }
}

/** checkName finds what a name stands for and gives its type as a value. */
export function checkName(env: Env, expr: NameExpr, want: Type | undefined): Type {
  const symbol = lookUp(env.scope, expr.name);
  if (symbol === undefined) {
    const { constants } = env.unit;
    const literal: Record<string, readonly [Type, Constant]> = {
      true: [boolType, true],
      false: [boolType, false],
    };
    const known = literal[expr.name];
    if (known !== undefined) {
      constants.set(expr.id, known[1]);
      return known[0];
    }
    if (expr.name === "nil") return untypedNil;
    if (expr.name === "iota" && env.iota !== undefined) {
      constants.set(expr.id, env.iota);
      return untypedInt;
    }
    const member = unknownMember(env.scope, expr.name);
    if (member !== undefined) {
      if (member.message !== undefined) fail(env, "undefined", expr, member.message, member.hint);
      return badType;
    }
    if (env.function === undefined && env.unit.later.has(expr.name)) {
      const message = `${expr.name} is a variable: a package variable's initial value must be constant`;
      fail(env, "not-constant", expr, message, "make it a constant, or set the variable in the program");
      return badType;
    }
    if (Object.hasOwn(basicTypes, expr.name)) {
      fail(
        env,
        "wrong-type",
        expr,
        `${expr.name} is a type, a value is needed here`,
        `convert a value: ${expr.name}(x)`,
      );
      return badType;
    }
    if (!tellOnce(env, `name ${expr.name}`)) return badType;
    fail(
      env,
      "undefined",
      expr,
      `${expr.name} is not declared`,
      expr.name === "_" ? "_ cannot be read" : suggestName(env.scope, expr.name),
    );
    return badType;
  }
  env.unit.symbols.set(expr.id, symbol);
  switch (symbol.kind) {
    case "variable":
      symbol.used = true;
      capture(env, symbol);
      return symbol.type;
    case "global":
    case "map":
      return symbol.type;
    case "constant":
      return constantSymbol(env, expr, symbol);
    case "function":
      if (env.function !== undefined) env.unit.edges.push({ from: env.function, to: symbol, at: expr });
      return symbol.type;
    case "type":
      fail(
        env,
        "wrong-type",
        expr,
        `${expr.name} is a type, a value is needed here`,
        `${expr.name}(x) converts, ${expr.name}{…} makes one`,
      );
      return want ?? badType;
    case "package":
      fail(env, "wrong-type", expr, `${expr.name} is a package`, `select something of it: ${expr.name}.Name`);
      return badType;
  }
}
