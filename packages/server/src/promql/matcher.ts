import { RE2JS } from "re2js";
import type { Matcher, MatchOperator } from "./ast.js";

/** matcherOf makes a condition on a label; a regular expression must match the whole value. Throws what `fail` makes of a bad one. */
export function matcherOf(
  name: string,
  operator: MatchOperator,
  value: string,
  fail: (why: string) => Error,
): Matcher {
  if (operator === "=") return { name, operator, value, matches: (text) => text === value };
  if (operator === "!=") return { name, operator, value, matches: (text) => text !== value };
  const pattern = wholePattern(value, fail);
  const wanted = operator === "=~";
  return { name, operator, value, matches: (text) => pattern.matches(text) === wanted };
}

/**
 * wholePattern compiles a regular expression that must match a whole text. It is RE2's own syntax, and takes time linear in the
 * text (a microsecond for a label): JavaScript's own expressions have no `(?i:…)` on Node 20 and some of them never end.
 */
export function wholePattern(source: string, fail: (why: string) => Error): RE2JS {
  try {
    return RE2JS.compile(`^(?s:${source})$`);
  } catch (error) {
    throw fail(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`);
  }
}
