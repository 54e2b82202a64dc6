import type { CallExpr, Expr } from "../../syntax/ast.js";
import { wrap } from "../../types/convert.js";
import type { Call, FunctionSymbol } from "../../types/symbols.js";
import { sizeOf, type Type, under } from "../../types/type.js";
import { builtin } from "./builtins.js";
import { burn, type Machine, pointer, Trap, typeOf } from "./machine.js";
import { mapMethod } from "./map-methods.js";
import { type Datum, load, newMemory, store, Unsupported } from "./memory.js";

function conversion(machine: Machine, expr: CallExpr, to: Type): Datum {
  const [argument] = expr.arguments;
  if (argument === undefined) throw new Unsupported("a conversion of nothing");
  const value = machine.value(machine, argument);
  const of = under(to);
  return typeof value === "bigint" && of.kind === "int" ? wrap(value, of) : value;
}

/** receiverOf evaluates what a method is called on: its address, or a copy of what it points to, as the method wants. */
function receiverOf(machine: Machine, receiver: Expr, wanted: Type | undefined): Datum {
  const wantsPointer = wanted !== undefined && under(wanted).kind === "pointer";
  const of = under(typeOf(machine, receiver));
  if (wantsPointer === (of.kind === "pointer")) return machine.value(machine, receiver);
  if (wantsPointer) return machine.place(machine, receiver);
  if (of.kind !== "pointer") throw new Unsupported("this receiver");
  return load({ ...pointer(machine, receiver), type: of.target });
}

/** named gives the values of named results. */
function named(machine: Machine, symbol: FunctionSymbol): Datum | readonly Datum[] {
  const values = symbol.results.map((each) => {
    const memory = machine.variables.get(each);
    return memory === undefined ? undefined : load({ memory, offset: 0, type: each.type });
  });
  return values.length === 1 ? values[0] : values;
}

/** run calls a function with its values: a subprogram that traps gives 0 to its caller. */
export function run(
  machine: Machine,
  symbol: FunctionSymbol,
  values: readonly Datum[],
): Datum | readonly Datum[] {
  burn(machine);
  symbol.parameters.forEach((parameter, i) => {
    const memory = newMemory(sizeOf(parameter.type));
    store({ memory, offset: 0, type: parameter.type }, values[i]);
    machine.variables.set(parameter, memory);
  });
  for (const each of symbol.results) machine.variables.set(each, newMemory(sizeOf(each.type)));
  try {
    const done = machine.statement(machine, symbol.declaration.body);
    if (done?.kind !== "return") return undefined;
    return done.value === "named" ? named(machine, symbol) : done.value;
  } catch (error) {
    const { kind } = under(symbol.type.result);
    if (!(error instanceof Trap) || !symbol.subprogram) throw error;
    return kind === "bool" ? false : kind === "int" ? 0n : undefined;
  }
}

function callFunction(
  machine: Machine,
  call: Call & { kind: "function" },
  expr: CallExpr,
): Datum | readonly Datum[] {
  const { symbol, receiver } = call;
  const values: Datum[] = [];
  if (receiver !== undefined) values.push(receiverOf(machine, receiver, symbol.parameters[0]?.type));
  for (const argument of expr.arguments) values.push(machine.value(machine, argument));
  return machine.run(machine, symbol, values);
}

/** call evaluates a call. */
export function call(machine: Machine, expr: CallExpr): Datum | readonly Datum[] {
  const found = machine.checked.calls.get(expr.id);
  switch (found?.kind) {
    case "conversion":
      return conversion(machine, expr, found.to);
    case "function":
      return callFunction(machine, found, expr);
    case "builtin":
      return builtin(machine, found.name, found.types, expr);
    case "map-method":
      return mapMethod(machine, found.row, found.map, expr);
    case "context-word": {
      const of = under(typeOf(machine, expr));
      const word = machine.words[found.index] ?? 0n;
      return of.kind === "int" ? wrap(word, of) : word;
    }
    default:
      throw new Unsupported(`a call of ${found?.kind ?? "nothing"}`);
  }
}
