import type { Expr, Stmt } from "../syntax/ast.js";
import { assignable } from "./convert.js";
import { type Env, fail, tellOnce } from "./env.js";
import { membersOf, sameType } from "./tuples.js";
import { badType, type Type, typeName } from "./type.js";

/** checkReturn checks a return's value, or its lack, against the function's results. */
export function checkReturn(env: Env, value: Expr | undefined, stmt: Stmt): void {
  const { result } = env;
  const isVoid = result === undefined || result.kind === "void";
  if (value === undefined) {
    const named = env.owner?.kind === "func" && env.owner.signature.results.length > 0;
    if (!isVoid && !named)
      fail(env, "bad-call", stmt, `this function returns ${typeName(result)}`, "return 0");
    return;
  }
  if (value.kind === "tuple" || result?.kind === "tuple") {
    checkResults(env, value, result ?? badType);
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

/** checkResults checks the values of a function that has several results. */
function checkResults(env: Env, value: Expr, result: Type): void {
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
