import type { RangeStmt } from "../syntax/ast.js";
import { assignable } from "./convert.js";
import { type Env, fail } from "./env.js";
import { checkIterator } from "./iterators.js";
import { badType, intType, typeName, under } from "./type.js";
import { declare } from "./variables.js";

/** declareRange checks what a range goes over and declares its variables in the body's scope. */
export function declareRange(env: Env, body: Env, stmt: RangeStmt): void {
  const met = checkIterator(env, stmt.subject);
  if (met !== undefined) {
    if (stmt.key !== undefined) declare(body, stmt.key, met);
    if (stmt.value !== undefined)
      fail(env, "wrong-type", stmt.value, "a range over an iterator has one variable", "for t := range …");
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
    if (stmt.key !== undefined) declare(body, stmt.key, intType);
    if (stmt.value !== undefined) declare(body, stmt.value, subject.element);
  } else if (under(type).kind === "int") {
    if (stmt.key !== undefined) declare(body, stmt.key, type);
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
    if (each !== undefined && each.name !== "_" && !body.scope.names.has(each.name))
      declare(body, each, badType);
}
