import type { AssignStmt, Expr } from "../syntax/ast.js";
import { assignable, bare, settle, wantInteger } from "./convert.js";
import { type Env, fail } from "./env.js";
import { membersOf, sameType } from "./tuples.js";
import { badType, intType, type Type, typeName, under } from "./type.js";
import { checkInitial, declare } from "./variables.js";

/** checkTarget checks the left side of an assignment and gives its type. */
export function checkTarget(env: Env, expr: Expr): Type {
  const left = bare(expr);
  if (left.kind === "name") {
    if (left.name === "_") return badType;
    const type = env.check(env, left);
    const symbol = env.unit.symbols.get(left.id);
    if (symbol?.kind === "variable") symbol.reassigned = true;
    if (symbol !== undefined && symbol.kind !== "variable" && symbol.kind !== "global") {
      fail(env, "not-assignable", expr, `${left.name} is a ${symbol.kind} and cannot be assigned to`);
      return badType;
    } else if (symbol?.kind === "global" && symbol.section === ".rodata") {
      fail(
        env,
        "not-assignable",
        expr,
        `${left.name} is a @config variable: read-only once the program is loaded`,
        "remove @config, or count in another variable",
      );
    }
    return type;
  }
  if (left.kind !== "selector" && left.kind !== "index" && left.kind !== "star") {
    if (env.check(env, expr).kind !== "bad") fail(env, "not-assignable", expr, "this cannot be assigned to");
    return badType;
  }
  const type = env.check(env, expr);
  const whole = left.kind === "index" ? bare(left.object) : left;
  const selection = whole.kind === "selector" ? env.unit.selections.get(whole.id) : undefined;
  if (selection?.kind === "context-field") {
    const field = selection.row.fields.find((each) => each.offset === selection.offset);
    if (field?.writable !== true || selection.read === true) {
      const names =
        left.kind === "selector"
          ? selection.row.fields.filter((each) => each.writable).map((each) => each.name)
          : [];
      const hint =
        names.length > 0 ? `writable are ${names.join(", ")}` : "copy it into a variable of your own";
      fail(env, "not-assignable", expr, "this field of the context is read-only", hint);
    }
  }
  return type;
}

/** checkAssignment checks `a, b = …`, `a, b := …` and `a += …`. */
export function checkAssignment(env: Env, stmt: AssignStmt): void {
  const { left, right, operator } = stmt;
  const tuple = right.length === 1 && left.length > 1 ? right[0] : undefined;
  const define = operator === ":=";
  let types: (Type | undefined)[];
  if (tuple !== undefined) {
    types = [...membersOf(env, stmt, env.check(env, tuple), left.length)];
  } else {
    if (left.length !== right.length)
      fail(env, "bad-call", stmt, `${left.length} variables, ${right.length} values`);
    types = left.map(() => undefined);
  }
  if (define) {
    const fresh = left.map(
      (each) => each.kind === "name" && (each.name === "_" || !env.scope.names.has(each.name)),
    );
    if (!fresh.some((each, i) => each && left[i]?.kind === "name"))
      fail(env, "redeclared", stmt, "no new variable on the left of :=", "use =");
    const values = left.map((each, i) => {
      const known = types[i];
      if (known !== undefined) {
        if (fresh[i] !== true) sameType(env, each, known, checkTarget(env, each));
        return known;
      }
      const value = right[i];
      if (value === undefined) return badType;
      if (fresh[i] === true) return checkInitial(env, value, undefined);
      const to = checkTarget(env, each);
      assignable(env, value, env.check(env, value, to), to, "the assignment");
      return to;
    });
    left.forEach((each, i) => {
      if (each.kind !== "name")
        fail(env, "not-assignable", each, "only names can be declared with :=", "use =");
      else if (fresh[i] === true) declare(env, each, values[i] ?? badType);
    });
    return;
  }
  if (operator !== "=") {
    checkCompound(env, stmt);
    return;
  }
  left.forEach((each, i) => {
    const to = checkTarget(env, each);
    const value = right[i];
    if (tuple !== undefined) {
      sameType(env, each, types[i], to);
      return;
    }
    if (value === undefined) return;
    const blank = each.kind === "name" && each.name === "_";
    const from = env.check(env, value, blank ? undefined : to);
    if (blank) {
      if (from.kind === "map" || from.kind === "void" || from.kind === "function" || from.kind === "tuple")
        fail(env, "wrong-type", value, `${typeName(from)} is no value`, "call it, or take it out");
      if (from.kind === "untyped" && from.of === "int") settle(env, value, intType);
      return;
    }
    assignable(env, value, from, to, "the assignment");
  });
}

/** readBlank refuses _ where an operation reads it. */
export function readBlank(env: Env, expr: Expr): void {
  const left = bare(expr);
  if (left.kind === "name" && left.name === "_")
    fail(env, "undefined", left, "_ cannot be read", "name the variable");
}

/** checkCompound checks `a += b` and its like. */
function checkCompound(env: Env, stmt: AssignStmt): void {
  const [left] = stmt.left;
  const [right] = stmt.right;
  if (left === undefined || right === undefined || stmt.left.length !== 1) {
    fail(env, "bad-operation", stmt, `${stmt.operator} takes one value on each side`);
    return;
  }
  const to = checkTarget(env, left);
  readBlank(env, left);
  const shift = stmt.operator === "<<=" || stmt.operator === ">>=";
  if (shift) wantInteger(env, right, { kind: "int", name: "uint", bits: 64, signed: false }, "a shift count");
  else assignable(env, right, env.check(env, right, to), to, `the right side of ${stmt.operator}`);
  if (under(to).kind !== "int" && to.kind !== "bad")
    fail(env, "bad-operation", stmt, `${stmt.operator} needs integers, this is ${typeName(to)}`);
  if ((stmt.operator === "/=" || stmt.operator === "%=") && env.unit.constants.get(right.id) === 0n) {
    fail(
      env,
      "bad-operation",
      right,
      "division by zero",
      "a divisor that is a variable may be 0: then the result is 0",
    );
  }
}
