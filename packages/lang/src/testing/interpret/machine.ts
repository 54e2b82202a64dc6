import type { CallExpr, Expr, Stmt } from "../../syntax/ast.js";
import type {
  Checked,
  FunctionSymbol,
  GlobalSymbol,
  MapSymbol,
  VariableSymbol,
} from "../../types/symbols.js";
import { type IntType, type Type, under } from "../../types/type.js";
import type { MapState } from "./maps.js";
import type { Datum, Memory, Place, Pointer } from "./memory.js";

/** Trap ends the program, as an index out of range does. */
export class Trap extends Error {}

/** Completion is how a statement ended, when it did not just end. */
export type Completion =
  | { readonly kind: "break" | "continue"; readonly label: string | undefined }
  /** value is "named" when the results are in the variables that the function names them by. */
  | { readonly kind: "return"; readonly value: Datum | readonly Datum[] | "named" };

/** Record is what a program put into a ring buffer, in the order of reservation. */
export interface RingRecord {
  readonly memory: Memory;
  state: "held" | "sent" | "dropped";
}

/** Machine is a program that is being interpreted; its methods join the files that recurse into each other. */
export interface Machine {
  readonly checked: Checked;
  readonly variables: Map<VariableSymbol, Memory>;
  readonly globals: ReadonlyMap<GlobalSymbol, Memory>;
  readonly maps: ReadonlyMap<MapSymbol, MapState>;
  readonly rings: ReadonlyMap<MapSymbol, RingRecord[]>;
  /** packet, words (the arguments of a raw tracepoint) and fields (of a context, by offset) are those of the run. */
  packet: Memory;
  words: readonly bigint[];
  fields: ReadonlyMap<number, bigint>;
  /** fuel is how many steps are left: a program that never ends must not take the interpreter along. */
  fuel: number;
  value(machine: Machine, expr: Expr): Datum;
  place(machine: Machine, expr: Expr): Place;
  call(machine: Machine, expr: CallExpr): Datum | readonly Datum[];
  statement(machine: Machine, stmt: Stmt): Completion | undefined;
  run(machine: Machine, symbol: FunctionSymbol, values: readonly Datum[]): Datum | readonly Datum[];
}

/** burn takes a step. */
export function burn(machine: Machine): void {
  if (machine.fuel-- <= 0) throw new Error("the program does not end");
}

/** typeOf is the checked type of an expression. */
export function typeOf(machine: Machine, expr: Expr): Type {
  const type = machine.checked.types.get(expr.id);
  if (type === undefined) throw new Error(`expression ${expr.id} was not checked`);
  return type;
}

/** integerType is a type as an integer type. */
export function integerType(type: Type): IntType {
  const of = under(type);
  if (of.kind !== "int") throw new Error("an integer type is needed");
  return of;
}

/** integer evaluates an expression that is an integer. */
export function integer(machine: Machine, expr: Expr): bigint {
  const value = machine.value(machine, expr);
  if (typeof value !== "bigint") throw new Error("an integer is needed");
  return value;
}

/** truth evaluates a condition. */
export function truth(machine: Machine, expr: Expr): boolean {
  return machine.value(machine, expr) === true;
}

/** pointer evaluates an expression that is a pointer, which must not be nil: the compiler proved that. */
export function pointer(machine: Machine, expr: Expr): Pointer {
  const value = machine.value(machine, expr);
  if (value === undefined) throw new Error("nil is dereferenced");
  if (typeof value !== "object" || value instanceof Uint8Array) throw new Error("a pointer is needed");
  return value;
}
