import type { AssignStmt, Expr, Identifier, RangeStmt, Stmt, SwitchStmt, VarDecl } from "../../syntax/ast.js";
import { bare } from "../../types/convert.js";
import { sizeOf, type Type, under } from "../../types/type.js";
import { comparison, operate } from "./integers.js";
import { burn, type Completion, integerType, type Machine, pointer, truth, typeOf } from "./machine.js";
import { type Datum, load, newMemory, type Place, store, Unsupported } from "./memory.js";

const equal = comparison("==");

/** declare makes a new variable; a name that stands for none ("_") takes nothing. */
function declare(machine: Machine, name: Identifier, value: Datum | "zero"): void {
  const symbol = machine.checked.symbols.get(name.id);
  if (symbol?.kind !== "variable") return;
  const memory = newMemory(sizeOf(symbol.type));
  machine.variables.set(symbol, memory);
  if (value !== "zero") store({ memory, offset: 0, type: symbol.type }, value);
}

function localVar(machine: Machine, decl: VarDecl): void {
  const [first] = decl.values;
  if (decl.names.length > 1 && decl.values.length === 1 && first !== undefined) {
    const values = several(machine, first);
    if (!Array.isArray(values)) throw new Unsupported("several values");
    decl.names.forEach((name, i) => {
      declare(machine, name, (values as readonly Datum[])[i]);
    });
    return;
  }
  decl.names.forEach((name, i) => {
    const value = decl.values[i];
    declare(machine, name, value === undefined ? "zero" : machine.value(machine, value));
  });
}

const isBlank = (expr: Expr): boolean => expr.kind === "name" && expr.name === "_";

/** isFresh tells whether a name on the left of := is declared there. */
function isFresh(machine: Machine, left: Expr): left is Expr & { kind: "name" } {
  if (left.kind !== "name") return false;
  const symbol = machine.checked.symbols.get(left.id);
  return symbol?.kind === "variable" && symbol.declared === left;
}

function setLeft(machine: Machine, left: Expr, value: Datum): void {
  if (isFresh(machine, left)) declare(machine, left, value);
  else if (!isBlank(left)) store(machine.place(machine, bare(left)), value);
}

function compound(machine: Machine, stmt: AssignStmt, operator: string): void {
  const [left, right] = [stmt.left[0], stmt.right[0]];
  if (left === undefined || right === undefined) return;
  const place = machine.place(machine, bare(left));
  const before = load(place);
  const amount = machine.value(machine, right);
  if (typeof before !== "bigint" || typeof amount !== "bigint") throw new Unsupported(stmt.operator);
  store(place, operate(operator, before, amount, integerType(place.type)));
}

/** assign follows Go: operands of the left sides first, then the right sides, then the writes from left to right. */
function assign(machine: Machine, stmt: AssignStmt): void {
  const { left, right, operator } = stmt;
  const [first] = right;
  if (operator !== "=" && operator !== ":=") {
    compound(machine, stmt, operator.slice(0, -1));
    return;
  }
  if (left.length > 1 && right.length === 1 && first !== undefined) {
    const inner = bare(first);
    const values = inner.kind === "call" ? machine.call(machine, inner) : undefined;
    if (!Array.isArray(values)) throw new Unsupported("several values");
    left.forEach((each, i) => {
      setLeft(machine, each, (values as readonly Datum[])[i]);
    });
    return;
  }
  if (left.length === 1 && left[0] !== undefined && first !== undefined) {
    const value = machine.value(machine, first);
    setLeft(machine, left[0], value);
    return;
  }
  const places: (Place | undefined)[] = left.map((each) =>
    isFresh(machine, each) || isBlank(each) ? undefined : machine.place(machine, bare(each)),
  );
  const values = right.map((each) => machine.value(machine, each));
  left.forEach((each, i) => {
    const place = places[i];
    if (place !== undefined) store(place, values[i]);
    else if (isFresh(machine, each)) declare(machine, each, values[i]);
  });
}

/** endsLoop tells what a loop does about how its body ended: go on, end, or pass it on. */
function endsLoop(done: Completion | undefined, label: string | undefined): "go-on" | "end" | "pass" {
  if (done === undefined) return "go-on";
  if (done.kind === "return") return "pass";
  if (done.label !== undefined && done.label !== label) return "pass";
  return done.kind === "break" ? "end" : "go-on";
}

function forLoop(machine: Machine, stmt: Stmt & { kind: "for" }, rounds: number): Completion | undefined {
  if (stmt.init !== undefined) machine.statement(machine, stmt.init);
  for (let i = 0; i < rounds; i++) {
    burn(machine);
    if (stmt.condition !== undefined && !truth(machine, stmt.condition)) return undefined;
    const done = machine.statement(machine, stmt.body);
    const ends = endsLoop(done, stmt.label);
    if (ends === "pass") return done;
    if (ends === "end") return undefined;
    if (stmt.post !== undefined) machine.statement(machine, stmt.post);
  }
  return undefined;
}

/** copies of an unrolled loop: it ends behind the last at the latest. */
function copies(stmt: Stmt & { kind: "for" | "range" }): number {
  const found = stmt.attributes.find((each) => each.name === "go:unroll" || each.name === "unroll");
  const count = Number(found?.rest.replace(/^\(|\)$/g, "") || Number.NaN);
  return Number.isNaN(count) ? Number.POSITIVE_INFINITY : count;
}

function rangeLoop(machine: Machine, stmt: RangeStmt): Completion | undefined {
  const type = typeOf(machine, stmt.subject);
  const of = under(type);
  let source: Place | undefined;
  let limit: bigint;
  if (of.kind === "int") {
    const value = machine.value(machine, stmt.subject);
    limit = typeof value === "bigint" ? value : 0n;
  } else {
    const array: Type = of.kind === "pointer" ? of.target : type;
    const shape = under(array);
    if (shape.kind !== "array") throw new Unsupported("this range");
    limit = BigInt(shape.length);
    if (stmt.value !== undefined) {
      // Go ranges over a copy of an array, over the array itself through a pointer.
      if (of.kind === "pointer") source = { ...pointer(machine, stmt.subject), type: array };
      else {
        const memory = newMemory(sizeOf(array));
        store({ memory, offset: 0, type: array }, machine.value(machine, stmt.subject));
        source = { memory, offset: 0, type: array };
      }
    }
  }
  const most = copies(stmt);
  for (let i = 0n; i < limit && i < most; i++) {
    burn(machine);
    if (stmt.key !== undefined) declare(machine, stmt.key, i);
    const shape = source === undefined ? undefined : under(source.type);
    if (stmt.value !== undefined && source !== undefined && shape?.kind === "array") {
      const offset = source.offset + Number(i) * sizeOf(shape.element);
      declare(machine, stmt.value, load({ ...source, offset, type: shape.element }));
    }
    const done = machine.statement(machine, stmt.body);
    const ends = endsLoop(done, stmt.label);
    if (ends === "pass") return done;
    if (ends === "end") return undefined;
  }
  return undefined;
}

function chosen(machine: Machine, stmt: SwitchStmt): number {
  const subject = stmt.subject === undefined ? true : machine.value(machine, stmt.subject);
  const found = stmt.clauses.findIndex((clause) =>
    clause.values.some((each) => {
      const value = machine.value(machine, each);
      if (typeof value === "bigint" && typeof subject === "bigint") return equal?.(value, subject) === true;
      return value === subject;
    }),
  );
  return found >= 0 ? found : stmt.clauses.findIndex((clause) => clause.isDefault);
}

function switched(machine: Machine, stmt: SwitchStmt): Completion | undefined {
  if (stmt.init !== undefined) machine.statement(machine, stmt.init);
  const start = chosen(machine, stmt);
  for (let at = start; at >= 0 && at < stmt.clauses.length; at++) {
    const clause = stmt.clauses[at];
    if (clause === undefined) break;
    const done = sequence(machine, clause.body);
    if (done?.kind === "break" && (done.label === undefined || done.label === stmt.label)) return undefined;
    if (done !== undefined) return done;
    if (!clause.fallsThrough) break;
  }
  return undefined;
}

function sequence(machine: Machine, body: readonly Stmt[]): Completion | undefined {
  for (const each of body) {
    const done = machine.statement(machine, each);
    if (done !== undefined) return done;
  }
  return undefined;
}

function increment(machine: Machine, target: Expr, by: bigint): void {
  const place = machine.place(machine, bare(target));
  const before = load(place);
  if (typeof before !== "bigint") throw new Unsupported("++");
  store(place, operate("+", before, by, integerType(place.type)));
}

/** several evaluates what a return gives: one value, or those of a list or of a call. */
function several(machine: Machine, expr: Expr): Datum | readonly Datum[] {
  if (expr.kind === "tuple") return expr.members.map((each) => machine.value(machine, each));
  const inner = bare(expr);
  return inner.kind === "call" && !machine.checked.constants.has(inner.id)
    ? machine.call(machine, inner)
    : machine.value(machine, inner);
}

/** statement interprets one statement and tells how it ended when it did not just end. */
export function statement(machine: Machine, stmt: Stmt): Completion | undefined {
  burn(machine);
  switch (stmt.kind) {
    case "block":
      return sequence(machine, stmt.body);
    case "expression": {
      const inner = bare(stmt.value);
      if (inner.kind === "call") machine.call(machine, inner);
      else machine.value(machine, inner);
      return undefined;
    }
    case "assign":
      assign(machine, stmt);
      return undefined;
    case "increment":
      increment(machine, stmt.target, stmt.operator === "++" ? 1n : -1n);
      return undefined;
    case "if":
      if (stmt.init !== undefined) machine.statement(machine, stmt.init);
      if (truth(machine, stmt.condition)) return machine.statement(machine, stmt.then);
      return stmt.otherwise === undefined ? undefined : machine.statement(machine, stmt.otherwise);
    case "for":
      return forLoop(machine, stmt, copies(stmt));
    case "range":
      return rangeLoop(machine, stmt);
    case "switch":
      return switched(machine, stmt);
    case "break":
    case "continue":
      return { kind: stmt.kind, label: stmt.label?.name };
    case "return":
      return { kind: "return", value: stmt.value === undefined ? "named" : several(machine, stmt.value) };
    case "declaration":
      for (const decl of stmt.declarations) if (decl.kind === "var") localVar(machine, decl);
      return undefined;
    default:
      throw new Unsupported("this statement");
  }
}
