import type { AssignStmt, Expr, Identifier, Stmt, SwitchStmt, VarDecl } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import type { VariableSymbol } from "../types/symbols.js";
import { isScalar, type Type, under } from "../types/type.js";
import { compareValues, operate } from "./arithmetic.js";
import { callTuple } from "./calls.js";
import { copy, zero } from "./copies.js";
import { refuseKept } from "./escape.js";
import { forLoop, rangeLoop } from "./loops.js";
import { release, temporary } from "./places.js";
import { returned } from "./results.js";
import { loadScalar, storeScalar } from "./scalar-access.js";
import { type LoopTarget, type Low, type Part, type Place, type Scalar, typeOf, widthOf } from "./state.js";
import { assignVariable, declareVariable, setVariable, storageOf } from "./variables.js";

function variableOf(low: Low, expr: Expr): VariableSymbol | undefined {
  const inner = bare(expr);
  if (inner.kind !== "name") return undefined;
  const symbol = low.shared.checked.symbols.get(inner.id);
  return symbol?.kind === "variable" ? symbol : undefined;
}

function initialise(low: Low, name: Identifier, value: Expr | undefined, at: Expr | Identifier): void {
  // The value is evaluated before the variable exists: `x := x + 1` may mean an outer x.
  const symbolType = low.shared.checked.symbols.get(name.id);
  const type = symbolType?.kind === "variable" ? symbolType.type : undefined;
  if (type === undefined) {
    if (value !== undefined) low.effect(low, value);
    return;
  }
  const given = value !== undefined && isScalar(type) ? low.scalar(low, value) : undefined;
  const symbol = declareVariable(low, name);
  if (symbol === undefined) return;
  low.b.at = at;
  const storage = storageOf(low, symbol);
  if (given !== undefined && value !== undefined) setVariable(low, symbol, given, value);
  else if (storage.kind === "memory") {
    if (value === undefined) zero(low, storage.place);
    else low.into(low, storage.place, value);
  } else low.b.write(symbol, low.b.constant(0n, widthOf(type)));
}

/** tuple evaluates a call with several results. */
export function tuple(low: Low, expr: Expr): Part[] {
  const inner = bare(expr);
  if (inner.kind !== "call") throw new Error("only calls have several results");
  return callTuple(low, inner);
}

function localVar(low: Low, decl: VarDecl): void {
  const [only] = decl.values;
  if (decl.names.length > 1 && decl.values.length === 1 && only !== undefined) {
    const parts = low.tuple(low, only);
    decl.names.forEach((name, i) => {
      const part = parts[i];
      const symbol = declareVariable(low, name);
      if (part !== undefined && symbol !== undefined) setPart(low, symbol, part, only);
    });
    return;
  }
  decl.names.forEach((name, i) => {
    initialise(low, name, decl.values[i], name);
  });
}

/** assignTo writes an expression's value to the left side of an assignment. */
function assignTo(low: Low, left: Expr, right: Expr): void {
  const variable = variableOf(low, left);
  if (variable !== undefined) {
    assignVariable(low, variable, right);
    return;
  }
  const inner = bare(left);
  if (inner.kind === "name" && inner.name === "_") {
    low.effect(low, right);
    return;
  }
  const type = typeOf(low, left);
  if (isScalar(type)) {
    const value = low.scalar(low, right);
    const to = low.place(low, left);
    low.b.at = left;
    if (!refuseKept(low, to, value, left)) storeScalar(low, to, value.value, left);
    return;
  }
  low.into(low, low.place(low, left), right);
}

function define(low: Low, left: Expr, right: Expr): void {
  const name = left.kind === "name" ? left : undefined;
  const symbol = name === undefined ? undefined : low.shared.checked.symbols.get(name.id);
  // A name on the left of := that exists already was checked as a use of it: its declaration is elsewhere.
  if (name !== undefined && symbol?.kind === "variable" && symbol.declared === name)
    initialise(low, name, right, name);
  else assignTo(low, left, right);
}

function assign(low: Low, stmt: AssignStmt): void {
  const { left, right, operator } = stmt;
  const [first] = right;
  const [target] = left;
  if (first === undefined || target === undefined) return;
  if (left.length > 1 && right.length === 1) {
    const parts = low.tuple(low, first);
    left.forEach((each, i) => {
      const part = parts[i];
      if (part !== undefined) assignPart(low, each, part, operator === ":=");
    });
    return;
  }
  if (operator !== "=" && operator !== ":=") {
    compound(low, target, operator.slice(0, -1), first);
    return;
  }
  if (left.length === 1) {
    if (operator === ":=") define(low, target, first);
    else assignTo(low, target, first);
    return;
  }
  parallel(low, stmt);
}

function setPart(low: Low, symbol: VariableSymbol, part: Part, at: Expr): void {
  if ("scalar" in part) {
    setVariable(low, symbol, part.scalar, at);
    return;
  }
  const storage = storageOf(low, symbol);
  if (storage.kind === "memory") copy(low, storage.place, part.place, at);
}

function assignPart(low: Low, left: Expr, part: Part, defines: boolean): void {
  if ("scalar" in part) {
    assignValue(low, left, part.scalar, defines);
    return;
  }
  if (left.kind === "name" && left.name === "_") return;
  const symbol = left.kind === "name" ? low.shared.checked.symbols.get(left.id) : undefined;
  if (left.kind === "name" && defines && symbol?.kind === "variable" && symbol.declared === left)
    declareVariable(low, left);
  if (symbol?.kind === "variable") setPart(low, symbol, part, left);
  else copy(low, low.place(low, left), part.place, left);
  release(low, part.place);
}

function assignValue(low: Low, left: Expr, value: Scalar, defines: boolean, place?: Place): void {
  if (left.kind === "name" && left.name === "_") return;
  if (left.kind === "name" && defines) {
    const symbol = low.shared.checked.symbols.get(left.id);
    if (symbol?.kind === "variable" && symbol.declared === left) declareVariable(low, left);
  }
  const variable = variableOf(low, left);
  if (variable !== undefined) setVariable(low, variable, value, left);
  else {
    const to = place ?? low.place(low, left);
    if (!refuseKept(low, to, value, left)) storeScalar(low, to, value.value, left);
  }
}

/** placeBefore is where an element or field is that will be written: its index must not see the writes before it. */
function placeBefore(low: Low, left: Expr): Place | undefined {
  return bare(left).kind === "name" ? undefined : low.place(low, left);
}

/** parallel assigns several values: what is on both sides is evaluated before any left side is written. */
function parallel(low: Low, stmt: AssignStmt): void {
  const places = stmt.left.map((left) => placeBefore(low, left));
  const writes = stmt.left.map((left, i) => {
    const right = stmt.right[i];
    if (right === undefined) return () => {};
    if (left.kind === "name" && left.name === "_") {
      low.effect(low, right);
      return () => {};
    }
    const type = typeOf(low, right);
    if (isScalar(type)) {
      const value = low.scalar(low, right);
      return () => assignValue(low, left, value, stmt.operator === ":=", places[i]);
    }
    const hold = temporary(low, type);
    low.into(low, hold, right);
    return () => {
      if (left.kind === "name" && stmt.operator === ":=") declareVariable(low, left);
      copy(low, places[i] ?? low.place(low, left), hold, right);
      release(low, hold);
    };
  });
  for (const write of writes) write();
}

function compound(low: Low, left: Expr, operator: string, right: Expr): void {
  const type = typeOf(low, left);
  const variable = variableOf(low, left);
  if (variable !== undefined) {
    const before = low.scalar(low, left);
    const amount = low.scalar(low, right).value;
    low.b.at = left;
    setVariable(
      low,
      variable,
      { value: operate(low, operator, before.value, amount, type), space: "kernel" },
      left,
    );
    return;
  }
  const place = low.place(low, left);
  const before = loadScalar(low, place).value;
  const amount = low.scalar(low, right).value;
  low.b.at = left;
  storeScalar(low, place, operate(low, operator, before, amount, type), left);
}

function increment(low: Low, target: Expr, operator: string): void {
  const type = typeOf(low, target);
  const variable = variableOf(low, target);
  const one = (): Scalar["value"] => low.b.constant(1n, widthOf(type));
  if (variable !== undefined) {
    const before = low.scalar(low, target);
    setVariable(
      low,
      variable,
      { value: operate(low, operator, before.value, one(), type), space: "kernel" },
      target,
    );
    return;
  }
  const place = low.place(low, target);
  const before = loadScalar(low, place).value;
  storeScalar(low, place, operate(low, operator, before, one(), type), target);
}

function findLoop(low: Low, label: string | undefined, continues: boolean): LoopTarget | undefined {
  return low.frame.loops.findLast(
    (loop) => (label === undefined || loop.label === label) && (!continues || loop.continueTo !== undefined),
  );
}

function switched(low: Low, stmt: SwitchStmt): void {
  const { b } = low;
  if (stmt.init !== undefined) low.statement(low, stmt.init);
  const after = b.newBlock();
  const type: Type | undefined = stmt.subject === undefined ? undefined : typeOf(low, stmt.subject);
  const subject = stmt.subject === undefined ? undefined : low.scalar(low, stmt.subject).value;
  const bodies = stmt.clauses.map(() => b.newBlock());
  stmt.clauses.forEach((clause, i) => {
    const body = bodies[i];
    if (body === undefined) return;
    for (const value of clause.values) {
      const next = b.newBlock();
      if (subject === undefined || type === undefined) low.condition(low, value, body, next);
      else {
        const wanted = low.scalar(low, value).value;
        b.branch(compareValues(low, "==", subject, wanted, type), body, next);
      }
      b.seal(next);
      b.enter(next);
    }
  });
  const otherwise = stmt.clauses.findIndex((clause) => clause.isDefault);
  b.jump(bodies[otherwise] ?? after);
  low.frame.loops.push({ label: stmt.label, breakTo: after, continueTo: undefined });
  stmt.clauses.forEach((clause, i) => {
    const body = bodies[i];
    if (body === undefined) return;
    // A fallthrough from the clause before adds a predecessor, so a body is sealed only when it is entered.
    const before = stmt.clauses[i - 1];
    if (before?.fallsThrough === true && b.block !== undefined) b.jump(body);
    b.seal(body);
    b.enter(body);
    for (const each of clause.body) low.statement(low, each);
    if (!clause.fallsThrough) b.jump(after);
  });
  b.jump(after);
  low.frame.loops.pop();
  b.seal(after);
  b.enter(after);
}

function branches(low: Low, stmt: Stmt & { kind: "if" }): void {
  const { b } = low;
  if (stmt.init !== undefined) low.statement(low, stmt.init);
  const [yes, no, after] = [b.newBlock(), b.newBlock(), b.newBlock()];
  low.condition(low, stmt.condition, yes, no);
  b.seal(yes);
  b.seal(no);
  const { dead } = low.shared.checked;
  b.enter(yes);
  if (!dead.has(stmt.then)) low.statement(low, stmt.then);
  b.jump(after);
  b.enter(no);
  if (stmt.otherwise !== undefined && !dead.has(stmt.otherwise)) low.statement(low, stmt.otherwise);
  b.jump(after);
  b.seal(after);
  b.enter(after);
  // Nothing goes on behind an if whose branches both return.
  if (after.predecessors.length === 0) b.block = undefined;
}

/** statement lowers one statement. Code that nothing reaches is lowered too: its errors count. */
export function statement(low: Low, stmt: Stmt): void {
  low.b.at = stmt;
  switch (stmt.kind) {
    case "block": {
      const outer = low.frame;
      const firstSlot = low.b.fn.slots.length;
      for (const each of stmt.body) low.statement(low, each);
      low.frame = outer;
      if (stmt.closed === true)
        for (const slot of low.b.fn.slots.slice(firstSlot))
          if (slot.to === Number.POSITIVE_INFINITY) slot.to = low.b.clock();
      break;
    }
    case "expression":
      low.effect(low, stmt.value);
      break;
    case "assign":
      assign(low, stmt);
      break;
    case "increment":
      increment(low, stmt.target, stmt.operator === "++" ? "+" : "-");
      break;
    case "if":
      branches(low, stmt);
      break;
    case "for":
      forLoop(low, stmt);
      break;
    case "range":
      rangeLoop(low, stmt);
      break;
    case "switch":
      switched(low, stmt);
      break;
    case "break":
    case "continue": {
      const loop = findLoop(low, stmt.label?.name, stmt.kind === "continue");
      const to = stmt.kind === "break" ? loop?.breakTo : loop?.continueTo;
      if (to === undefined)
        low.shared.report.error(
          "misplaced",
          stmt,
          `${stmt.kind} has no loop ${stmt.label?.name ?? ""} here`,
          "the label stands before a loop or switch around it",
        );
      else low.b.jump(to);
      break;
    }
    case "return":
      returned(low, stmt);
      break;
    case "declaration":
      for (const decl of stmt.declarations) if (decl.kind === "var") localVar(low, decl);
      break;
  }
}

/** effect evaluates an expression for what it does. */
export function effect(low: Low, expr: Expr): void {
  const type = typeOf(low, expr);
  const inner = bare(expr);
  if (inner.kind === "function") return;
  if (isScalar(type) || under(type).kind === "void") low.scalar(low, expr);
  else if (under(type).kind === "tuple" && inner.kind === "call") callTuple(low, inner);
  else {
    const hold = temporary(low, type);
    low.into(low, hold, expr);
    release(low, hold);
  }
}
