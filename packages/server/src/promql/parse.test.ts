import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Expr } from "./ast.js";
import { PromqlError } from "./errors.js";
import { parsePromql, parseSelector } from "./parse.js";

/** shape writes an expression with all its parentheses, to compare how operators bind. */
function shape(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return String(expr.value);
    case "string":
      return JSON.stringify(expr.text);
    case "selector":
      return expr.name ?? "{}";
    case "paren":
      return shape(expr.expr);
    case "unary":
      return `(${expr.negative ? "-" : "+"}${shape(expr.expr)})`;
    case "binary":
      return `(${shape(expr.left)} ${expr.operator} ${shape(expr.right)})`;
    case "call":
      return `${expr.name}(${expr.args.map(shape).join(", ")})`;
    case "aggregate":
      return `${expr.operator}${expr.without ? " without" : " by"}[${expr.grouping.join(" ")}](${shape(expr.expr)})`;
    case "range":
      return `${shape(expr.selector)}[${expr.range({ step: 15_000, range: 60_000 })}]`;
    case "subquery":
      return `${shape(expr.expr)}[${expr.range({ step: 0, range: 0 })}:${expr.step?.({ step: 0, range: 0 }) ?? ""}]`;
  }
}

const shapes: readonly (readonly [string, string])[] = [
  ["1 + 2 * 3 ^ 2 ^ 1", "(1 + (2 * (3 ^ (2 ^ 1))))"],
  ["-1 ^ 2", "(-(1 ^ 2))"],
  ["-2", "-2"],
  ["a and b or c unless d", "((a and b) or (c unless d))"],
  ["a > bool on (x) group_left (y) b + c", "(a > (b + c))"],
  ["sum by (x, y) (rate(a[1h30m]))", "sum by[x y](rate(a[5400000]))"],
  ["sum(a) without (x)", "sum without[x](a)"],
  ["sum", "sum"],
  ["rate(a[step() * 2])", "rate(a[30000])"],
  ["max_over_time(rate(a[5m])[1h:1m])", "max_over_time(rate(a[300000])[3600000:60000])"],
  ["http.server.request.duration", "http.server.request.duration"],
  ["job:rate:sum", "job:rate:sum"],
  ["0x1F + 1_000 + .5 + 2.", "(((31 + 1000) + 0.5) + 2)"],
  ["5m", "300"],
];

const refused: readonly (readonly [string, RegExp])[] = [
  ["", /^1:1: parse error: no expression found/],
  ["sum(a", /^1:6: parse error: unexpected end of input/],
  ["a[5m", /^1:5: .*expected "\]"/],
  ["rate(a)", /^1:6: .*expected type range vector in call to function "rate", got instant vector/],
  ["nothing(a)", /^1:1: .*unknown function with name "nothing"/],
  ["{}", /at least one non-empty matcher/],
  ['{a=~".*"}', /at least one non-empty matcher/],
  ['a{__name__="b"}', /metric name must not be set twice/],
  ["1 > 2", /comparisons between scalars must use BOOL modifier/],
  ["a + bool b", /bool modifier can only be used on comparison operators/],
  ["1 and a", /set operator "and" not allowed/],
  ["a offset 5m offset 5m", /offset may not be set multiple times/],
  ["sum(a) offset 5m", /offset modifier must be preceded/],
  ['a{b=~"("}', /^1:6: .*error parsing regexp/],
  ['a{b="c}', /unterminated quoted string/],
  ["5mm", /bad number or duration syntax|unexpected/],
  ["topk(a)", /wrong number of arguments/],
  ["a\n  + )", /^2:5: parse error: unexpected "\)"/],
];

describe("PromQL is parsed", () => {
  for (const [text, wanted] of shapes) test(text, () => assert.equal(shape(parsePromql(text)), wanted));
  for (const [text, wanted] of refused) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parsePromql(text),
        (error) => error instanceof PromqlError && wanted.test(error.message),
      );
    });
  }

  test("a selector of series is nothing else", () => {
    assert.equal(parseSelector('up{job="a"}').matchers.length, 2);
    assert.throws(() => parseSelector("up + 1"), /expected a selector of series/);
  });

  test("hostile nesting ends in an error", () => {
    assert.throws(() => parsePromql("(".repeat(100_000)), PromqlError);
    assert.throws(() => parsePromql(`${"-".repeat(100_000)}1`), PromqlError);
    assert.throws(() => parsePromql(`a[${"(".repeat(50_000)}`), PromqlError);
  });

  test("any text is parsed or refused, and nothing else", () => {
    const pieces = [
      "sum",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      "a",
      "5m",
      "1",
      "+",
      "-",
      "^",
      "by",
      "offset",
      "@",
      ",",
      ":",
      '"x"',
      "=~",
      "and",
      "start",
      "\\",
      "é",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 20 }), (list) => {
        try {
          parsePromql(list.join(" "));
        } catch (error) {
          assert.ok(error instanceof PromqlError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
