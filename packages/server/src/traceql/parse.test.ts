import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TraceqlError } from "./errors.js";
import { parseTraceql } from "./parse.js";

const good: readonly string[] = [
  "{}",
  '{ resource.service.name = "api" && span.http.status >= 500 }',
  '{ ."a key" = "x" || .other =~ "a.*" }',
  "{ duration > 1h30m } >> { status = error } | count() > 2 | avg(duration) < 1s",
  "({ true } | count() > 1) && ({ kind = server })",
  "{} | by(resource.service.name) | count() > 1 | coalesce() | select(span:name, .http.route)",
  "{} | quantile_over_time(duration, .5, .99) by (name, resource.service.name) | topk(3) > 1 with(sample=0.1)",
  "100 * ({ status = error } | rate()) / ({} | rate())",
  "count() > 2 // everything behind is no matter",
];

const bad: readonly (readonly [string, TraceqlError["kind"], RegExp])[] = [
  ["", "syntax", /line 1, col 1: syntax error: unexpected end of the expression/],
  ["{ .a = }", "syntax", /col 8/],
  ["{ attribute = 4 }", "syntax", /col 3/],
  ["{ .a == 4 }", "syntax", /col 7/],
  ["{ true } + { true }", "syntax", /unexpected \+/],
  ["{ true } | count()", "syntax", /a number is no search; compare it/],
  ["{ true", "syntax", /unexpected end of the expression/],
  ['{ .a = "x }', "syntax", /literal not terminated/],
  ["{ status }", "invalid", /must be true or false, not a status/],
  ['{ 1 = "foo" }', "invalid", /= does not go with int and string/],
  ['{ .a =~ "[" }', "invalid", /regular expression/],
  ["sum(3) = 2", "invalid", /must name something of the span/],
  ["{ parent.a = 1 }", "unsupported", /parent/],
  ["min(.a) < max(.b)", "unsupported", /one aggregate compared with one number/],
];

describe("TraceQL is parsed", () => {
  for (const text of good) test(text, () => assert.doesNotThrow(() => parseTraceql(text)));
  for (const [text, kind, message] of bad) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseTraceql(text),
        (error) => error instanceof TraceqlError && error.kind === kind && message.test(error.message),
      );
    });
  }

  test("hostile nesting ends in an error", () => {
    for (const text of [`{ ${"(".repeat(100_000)}`, `{ ${"!".repeat(100_000)}.a }`, "(".repeat(100_000)]) {
      assert.throws(() => parseTraceql(text), TraceqlError);
    }
  });

  test("any text is parsed or refused, and nothing else", () => {
    const pieces = [
      "{",
      "}",
      "(",
      ")",
      "|",
      ".a",
      "span.b",
      "duration",
      ">",
      ">>",
      "&&",
      "=",
      '"x"',
      "1s",
      "2",
      "-",
      "!",
      "count()",
      "rate()",
      "by",
      "nil",
      "~",
      ",",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 16 }), (list) => {
        try {
          parseTraceql(list.join(" "));
        } catch (error) {
          assert.ok(error instanceof TraceqlError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
