import type { BlockStmt, Expr, ForStmt, RangeStmt, Stmt, SwitchStmt } from "../syntax/ast.js";
import { checkAssignment, checkTarget, readBlank } from "./assignments.js";
import { assignable, bare, defaultType } from "./convert.js";
import { type Env, fail, innerScope } from "./env.js";
import { lacks, unseen } from "./existence.js";
import { declareRange } from "./ranges.js";
import { checkReturn } from "./returns.js";
import { boolType, type Type, typeName, under } from "./type.js";
import { declareVariables } from "./variables.js";

function checkCondition(env: Env, expr: Expr): void {
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

function checkLoop(env: Env, stmt: ForStmt): void {
  const head = innerScope(env, { loops: env.loops + 1, breakable: env.breakable + 1 });
  if (stmt.init !== undefined) checkStatement(head, stmt.init);
  if (stmt.condition !== undefined) checkCondition(head, stmt.condition);
  if (stmt.post !== undefined) checkStatement(head, stmt.post);
  checkBlock(head, stmt.body);
}

function checkRange(env: Env, stmt: RangeStmt): void {
  const body = innerScope(env, { loops: env.loops + 1, breakable: env.breakable + 1 });
  declareRange(env, body, stmt);
  checkBlock(body, stmt.body);
}

function checkSwitch(env: Env, stmt: SwitchStmt): void {
  const head = innerScope(env, { breakable: env.breakable + 1 });
  if (stmt.init !== undefined) checkStatement(head, stmt.init);
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
    const body = innerScope(head);
    for (const each of clause.body) checkStatement(body, each);
  }
}

function checkBranch(env: Env, stmt: Stmt & { kind: "break" | "continue" }): void {
  const possible = stmt.kind === "break" ? env.breakable : env.loops;
  if (possible === 0)
    fail(env, "misplaced", stmt, `${stmt.kind} outside of a loop`, "return ends the function");
}

/** checkStatement checks one statement. */
export function checkStatement(env: Env, stmt: Stmt): void {
  switch (stmt.kind) {
    case "block":
      checkBlock(env, stmt);
      break;
    case "expression": {
      const type = env.check(env, stmt.value);
      if (bare(stmt.value).kind !== "call" && type.kind !== "bad")
        fail(env, "misplaced", stmt, "this value is not used", "assign it: _ = …");
      break;
    }
    case "assign":
      checkAssignment(env, stmt);
      break;
    case "increment": {
      const type = checkTarget(env, stmt.target);
      readBlank(env, stmt.target);
      if (under(type).kind !== "int" && type.kind !== "bad")
        fail(env, "bad-operation", stmt, `${stmt.operator} needs an integer, this is ${typeName(type)}`);
      break;
    }
    case "if": {
      const head = innerScope(env);
      if (stmt.init !== undefined) checkStatement(head, stmt.init);
      checkCondition(head, stmt.condition);
      const known = lacks(head, stmt.condition);
      if (known === false) env.unit.dead.add(stmt.then);
      checkBlock(known === false ? unseen(head) : head, stmt.then);
      if (stmt.otherwise === undefined) break;
      if (known === true) env.unit.dead.add(stmt.otherwise);
      checkStatement(known === true ? unseen(head) : head, stmt.otherwise);
      break;
    }
    case "for":
      checkLoop(env, stmt);
      break;
    case "range":
      checkRange(env, stmt);
      break;
    case "switch":
      checkSwitch(env, stmt);
      break;
    case "break":
    case "continue":
      checkBranch(env, stmt);
      break;
    case "return":
      checkReturn(env, stmt.value, stmt);
      break;
    case "declaration":
      for (const decl of stmt.declarations) {
        if (decl.kind === "var") declareVariables(env, decl);
        else env.declareLocal(env, decl);
      }
      break;
  }
}

/** checkBlock checks the statements of a block in a scope of their own. */
export function checkBlock(env: Env, stmt: BlockStmt): void {
  const body = innerScope(env);
  for (const each of stmt.body) checkStatement(body, each);
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
