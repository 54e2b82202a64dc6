import type { Range } from "../source/file.js";
import { type Env, fail } from "./env.js";
import { badType, identical, type Type, typeName } from "./type.js";

/** membersOf gives the types of the values a call gives; they must be as many as wanted. */
export function membersOf(
  env: Env,
  range: Range,
  from: Type,
  wanted: number,
  what = "variables",
): readonly Type[] {
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
export function sameType(env: Env, range: Range, from: Type | undefined, to: Type): void {
  if (from === undefined || identical(from, to)) return;
  const hint = "assign it to a new variable and convert that";
  fail(env, "wrong-type", range, `this gives ${typeName(from)}, the variable is ${typeName(to)}`, hint);
}
