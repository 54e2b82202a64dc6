import type { CallExpr, Expr, SelectorExpr } from "../syntax/ast.js";
import { assignable, countOf } from "./convert.js";
import type { Env } from "./env.js";
import { markAddressTaken } from "./operators.js";
import type { FunctionSymbol } from "./symbols.js";
import { type Type, under } from "./type.js";

/** checkFunctionCall checks the call of a declared function or method. */
export function checkFunctionCall(
  env: Env,
  expr: CallExpr,
  symbol: FunctionSymbol,
  receiver: Expr | undefined,
): Type {
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

/** Method is a declared method and what it is called on. */
interface Method {
  readonly symbol: FunctionSymbol;
  readonly receiver: Expr;
}

/** findMethod finds a method of a type, or of what it embeds: then the embedded part is the receiver. */
export function findMethod(env: Env, object: Expr, type: Type, name: string, depth = 0): Method | undefined {
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
