import type { Range } from "../source/file.js";
import type {
  AssignStmt,
  BlockStmt,
  Expr,
  ForStmt,
  Identifier,
  RangeStmt,
  Stmt,
  SwitchStmt,
  VarDecl,
} from "../syntax/ast.js";
import { refusedForms, refusedTypes } from "../syntax/refused.js";
import { assignable, bare, defaultType, settle, wantInteger } from "./convert.js";
import { type Env, fail, newVariable, tellOnce } from "./env.js";
import { lacks, unseen } from "./existence.js";
import { checkIterator } from "./iterators.js";
import { badType, boolType, identical, intType, type Type, typeName, under } from "./type.js";

/** inner opens a scope. */
export function inner(env: Env, extra: Partial<Env> = {}): Env {
  return { ...env, ...extra, scope: { parent: env.scope, names: new Map() } };
}

/** declare puts a variable into the scope. */
function declare(env: Env, name: Identifier, type: Type): void {
  if (name.name === "_") return;
  const known = env.scope.names.get(name.name);
  if (known !== undefined) {
    env.unit.report.error("redeclared", name, `${name.name} is declared twice here`, undefined, [
      { start: known.declared.start, end: known.declared.end, message: "first here" },
    ]);
  }
  const symbol = newVariable(name.name, name, type, env.owner);
  env.scope.names.set(name.name, symbol);
  env.unit.symbols.set(name.id, symbol);
}

/** unholdable says what to do about a value that no variable can have. */
function unholdable(type: Type): string | undefined {
  if (type.kind === "map") return "use the map by its name";
  if (type.kind === "void") return "call the function in a statement of its own";
  if (type.kind === "tuple") return `name ${type.members.length} variables on the left`;
  if (type.kind !== "untyped") return undefined;
  if (type.of === "string") return "give the variable a type: var text [16]byte = …";
  return "give the variable a type: var p *T";
}

/** initial checks a variable's first value and gives the variable's type. */
function initial(env: Env, value: Expr, type: Type | undefined): Type {
  const from = env.check(env, value, type);
  if (type !== undefined) {
    assignable(env, value, from, type, "the variable");
    return type;
  }
  if (from.kind === "untyped" && from.of === "int") {
    const to = defaultType(from);
    assignable(env, value, from, to, "the variable");
    return to;
  }
  if (from.kind === "function") {
    const { why, instead } = refusedTypes["func"] ?? refusedForms.generic;
    fail(env, "heap", value, why, instead);
    return badType;
  }
  const hint = unholdable(from);
  if (hint !== undefined) {
    fail(env, "wrong-type", value, `a variable cannot hold ${typeName(from)}`, hint);
    return badType;
  }
  return from;
}

/** membersOf gives the types of the values a call gives; they must be as many as wanted. */
function membersOf(env: Env, range: Range, from: Type, wanted: number, what = "variables"): readonly Type[] {
  if (from.kind === "tuple" && from.members.length === wanted) return from.members;
  if (from.kind !== "bad") {
    const given = from.kind === "tuple" ? from.members.length : from.kind === "void" ? 0 : 1;
    const values = `${given} value${given === 1 ? "" : "s"}`;
    fail(
      env,
      "bad-call",
      range,
      `${wanted} ${what}, but there ${given === 1 ? "is" : "are"} ${values}`,
      "give as many",
    );
  }
  return Array.from({ length: wanted }, () => badType);
}

/** sameType checks a value of several that one call gives: it has its type already. */
function sameType(env: Env, range: Range, from: Type | undefined, to: Type): void {
  if (from === undefined || identical(from, to)) return;
  const hint = "assign it to a new variable and convert that";
  fail(env, "wrong-type", range, `this gives ${typeName(from)}, the variable is ${typeName(to)}`, hint);
}

function localVar(env: Env, decl: VarDecl): void {
  const type = decl.type === undefined ? undefined : env.resolveType(env, decl.type);
  const [only] = decl.values;
  const several = decl.names.length > 1 && decl.values.length === 1;
  if (decl.values.length > 0 && decl.values.length !== decl.names.length && !several) {
    fail(env, "bad-call", decl, `${decl.names.length} variables, ${decl.values.length} values`);
  }
  if (several && only !== undefined) {
    const from = env.check(env, only);
    const members = membersOf(env, decl, from, decl.names.length);
    decl.names.forEach((name, i) => {
      const own = type ?? members[i] ?? badType;
      if (type !== undefined) sameType(env, only, members[i], type);
      declare(env, name, own);
    });
    return;
  }
  decl.names.forEach((name, i) => {
    const value = decl.values[i];
    const own = value === undefined ? (type ?? badType) : initial(env, value, type);
    declare(env, name, own);
  });
}

/** target checks the left side of an assignment and gives its type. */
function target(env: Env, expr: Expr): Type {
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

function assign(env: Env, stmt: AssignStmt): void {
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
        if (fresh[i] !== true) sameType(env, each, known, target(env, each));
        return known;
      }
      const value = right[i];
      if (value === undefined) return badType;
      if (fresh[i] === true) return initial(env, value, undefined);
      const to = target(env, each);
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
    compound(env, stmt);
    return;
  }
  left.forEach((each, i) => {
    const to = target(env, each);
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
function readBlank(env: Env, expr: Expr): void {
  const left = bare(expr);
  if (left.kind === "name" && left.name === "_")
    fail(env, "undefined", left, "_ cannot be read", "name the variable");
}

function compound(env: Env, stmt: AssignStmt): void {
  const [left] = stmt.left;
  const [right] = stmt.right;
  if (left === undefined || right === undefined || stmt.left.length !== 1) {
    fail(env, "bad-operation", stmt, `${stmt.operator} takes one value on each side`);
    return;
  }
  const to = target(env, left);
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

function condition(env: Env, expr: Expr): void {
  const type = env.check(env, expr);
  if (under(type).kind !== "bool" && type.kind !== "bad") {
    const pointer = under(type).kind === "pointer";
    fail(
      env,
      "wrong-type",
      expr,
      `a condition is a bool, this is ${typeName(type)}`,
      pointer ? "compare with nil" : "compare with 0",
    );
  }
}

function loop(env: Env, stmt: ForStmt): void {
  const head = inner(env, { loops: env.loops + 1, breakable: env.breakable + 1 });
  if (stmt.init !== undefined) statement(head, stmt.init);
  if (stmt.condition !== undefined) condition(head, stmt.condition);
  if (stmt.post !== undefined) statement(head, stmt.post);
  block(head, stmt.body);
}

function ranged(env: Env, stmt: RangeStmt): void {
  const head = inner(env, { loops: env.loops + 1, breakable: env.breakable + 1 });
  const met = checkIterator(env, stmt.subject);
  if (met !== undefined) {
    if (stmt.key !== undefined) declare(head, stmt.key, met);
    if (stmt.value !== undefined)
      fail(env, "wrong-type", stmt.value, "a range over an iterator has one variable", "for t := range …");
    block(head, stmt.body);
    return;
  }
  let type = env.check(env, stmt.subject);
  const of = under(type);
  const subject = of.kind === "pointer" ? under(of.target) : of;
  if (type.kind === "untyped" && type.of === "int") {
    assignable(env, stmt.subject, type, intType, "a range");
    type = intType;
  }
  if (subject.kind === "array") {
    if (stmt.key !== undefined) declare(head, stmt.key, intType);
    if (stmt.value !== undefined) declare(head, stmt.value, subject.element);
  } else if (under(type).kind === "int") {
    if (stmt.key !== undefined) declare(head, stmt.key, type);
    if (stmt.value !== undefined)
      fail(env, "wrong-type", stmt.value, "a range over an integer has one variable", "for i := range n");
  } else if (type.kind !== "bad") {
    fail(
      env,
      "wrong-type",
      stmt.subject,
      `range takes an integer or an array, this is ${typeName(type)}`,
      "maps are walked from user space",
    );
  }
  // Variables of a range that was refused stay known.
  for (const each of [stmt.key, stmt.value])
    if (each !== undefined && each.name !== "_" && !head.scope.names.has(each.name))
      declare(head, each, badType);
  block(head, stmt.body);
}

function switched(env: Env, stmt: SwitchStmt): void {
  const head = inner(env, { breakable: env.breakable + 1 });
  if (stmt.init !== undefined) statement(head, stmt.init);
  let subject: Type = boolType;
  if (stmt.subject !== undefined) {
    const type = env.check(head, stmt.subject);
    subject = defaultType(type);
    if (type.kind === "untyped") assignable(env, stmt.subject, type, subject, "the switch");
  }
  let defaults = 0;
  const seen = new Map<unknown, Expr>();
  for (const clause of stmt.clauses) {
    if (clause.isDefault && ++defaults > 1) fail(env, "redeclared", clause, "a switch has one default");
    for (const value of subject.kind === "bad" ? [] : clause.values) {
      assignable(head, value, head.check(head, value, subject), subject, "the case");
      const constant = env.unit.constants.get(value.id);
      const before = constant === undefined || typeof constant === "boolean" ? undefined : seen.get(constant);
      if (before !== undefined)
        env.unit.report.error("redeclared", value, "this case is there already", "remove one of them", [
          { start: before.start, end: before.end, message: "first here" },
        ]);
      if (constant !== undefined) seen.set(constant, value);
    }
    const body = inner(head);
    for (const each of clause.body) statement(body, each);
  }
}

function branch(env: Env, stmt: Stmt & { kind: "break" | "continue" }): void {
  const possible = stmt.kind === "break" ? env.breakable : env.loops;
  if (possible === 0)
    fail(env, "misplaced", stmt, `${stmt.kind} outside of a loop`, "return ends the function");
}

/** statement checks one statement. */
export function statement(env: Env, stmt: Stmt): void {
  switch (stmt.kind) {
    case "block":
      block(env, stmt);
      break;
    case "expression": {
      const type = env.check(env, stmt.value);
      if (bare(stmt.value).kind !== "call" && type.kind !== "bad")
        fail(env, "misplaced", stmt, "this value is not used", "assign it: _ = …");
      break;
    }
    case "assign":
      assign(env, stmt);
      break;
    case "increment": {
      const type = target(env, stmt.target);
      readBlank(env, stmt.target);
      if (under(type).kind !== "int" && type.kind !== "bad")
        fail(env, "bad-operation", stmt, `${stmt.operator} needs an integer, this is ${typeName(type)}`);
      break;
    }
    case "if": {
      const head = inner(env);
      if (stmt.init !== undefined) statement(head, stmt.init);
      condition(head, stmt.condition);
      const known = lacks(head, stmt.condition);
      if (known === false) env.unit.dead.add(stmt.then);
      block(known === false ? unseen(head) : head, stmt.then);
      if (stmt.otherwise === undefined) break;
      if (known === true) env.unit.dead.add(stmt.otherwise);
      statement(known === true ? unseen(head) : head, stmt.otherwise);
      break;
    }
    case "for":
      loop(env, stmt);
      break;
    case "range":
      ranged(env, stmt);
      break;
    case "switch":
      switched(env, stmt);
      break;
    case "break":
    case "continue":
      branch(env, stmt);
      break;
    case "return":
      returned(env, stmt.value, stmt);
      break;
    case "declaration":
      for (const decl of stmt.declarations) {
        if (decl.kind === "var") localVar(env, decl);
        else env.declareLocal(env, decl);
      }
      break;
  }
}

function returned(env: Env, value: Expr | undefined, stmt: Stmt): void {
  const { result } = env;
  const isVoid = result === undefined || result.kind === "void";
  if (value === undefined) {
    const named = env.owner?.kind === "func" && env.owner.signature.results.length > 0;
    if (!isVoid && !named)
      fail(env, "bad-call", stmt, `this function returns ${typeName(result)}`, "return 0");
    return;
  }
  if (value.kind === "tuple" || result?.kind === "tuple") {
    returnedSeveral(env, value, result ?? badType);
    return;
  }
  const type = env.check(env, value, isVoid ? undefined : result);
  if (isVoid) {
    if (type.kind !== "bad" && tellOnce(env, "no result"))
      fail(
        env,
        "bad-call",
        value,
        "this function has no result",
        "give it one: func f() int, or write return alone",
      );
  } else assignable(env, value, type, result, "return");
}

function returnedSeveral(env: Env, value: Expr, result: Type): void {
  const wanted = result.kind === "tuple" ? result.members : result.kind === "void" ? [] : [result];
  if (value.kind !== "tuple") {
    const members = membersOf(env, value, env.check(env, value), wanted.length, "results");
    wanted.forEach((to, i) => void sameType(env, value, members[i], to));
    return;
  }
  if (value.members.length !== wanted.length) {
    const hint = "return as many values as the function has results";
    fail(
      env,
      "bad-call",
      value,
      `${value.members.length} values, the function has ${wanted.length} results`,
      hint,
    );
  }
  const types = value.members.map((each, i) => {
    const to = wanted[i];
    const from = env.check(env, each, to);
    if (to !== undefined) assignable(env, each, from, to, `result ${i + 1}`);
    return to ?? from;
  });
  env.unit.types.set(value.id, { kind: "tuple", members: types });
}

/** block checks the statements of a block in a scope of their own. */
export function block(env: Env, stmt: BlockStmt): void {
  const body = inner(env);
  for (const each of stmt.body) statement(body, each);
  for (const symbol of body.scope.names.values()) {
    if (symbol.kind === "variable" && !symbol.used) {
      env.unit.report.warning(
        "unused-variable",
        symbol.declared,
        `${symbol.name} is never used`,
        "remove it, or name it _",
      );
    }
  }
}
