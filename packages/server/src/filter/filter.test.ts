import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServerError } from "../errors.js";
import type { FilterNode, FilterTest } from "./ast.js";
import { compileFilter, likePattern, withLiterals } from "./compile.js";
import { parseFilter } from "./parse.js";
import { printFilter } from "./print.js";

/** bare drops the places, which printing changes. */
function bare(node: FilterNode): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === "place" ? undefined : value)));
}

const cases: readonly (readonly [text: string, printed: string])[] = [
  ["", ""],
  ["  service:checkout  ", "service:checkout"],
  ["service:checkout -status:ok duration:>200ms", "service:checkout -status:ok duration:>200ms"],
  ['http.route:"/cart/*" (level:error OR level:fatal)', 'http.route:"/cart/*" (level:error OR level:fatal)'],
  ["peer.address:* timeout", "peer.address:* timeout"],
  ["a AND b OR NOT c", "a b OR -c"],
  ["duration:1s..2.5s", "duration:1s..2.5s"],
  ["url.path:/cart/* url.path:/api/v1/x", 'url.path:"/cart/*" url.path:"/api/v1/x"'],
  ["operation:/GET .x/", ""],
  ["operation:/^GET\\s/", "operation:/^GET\\s/"],
  ["x:/a\\/b/", "x:/a\\/b/"],
  ['"a \\"b\\" \\* c"', '"a \\"b\\" \\* c"'],
  ["peer:10.0.0.1:80", "peer:10.0.0.1:80"],
  ["((a))", "a"],
  ["-(a b)", "-(a b)"],
  ["x:-5", "x:-5"],
  ["level:notice", "level:notice"],
];

for (const [text, printed] of cases.filter((row) => row[0] === "" || row[1] !== "")) {
  test(`filter ${text || "(empty)"}`, () => {
    const tree = parseFilter(text);
    assert.equal(printFilter(tree), printed);
    assert.deepEqual(bare(parseFilter(printed)), bare(tree));
  });
}

const mistakes: readonly (readonly [text: string, at: number, end: number, expected: RegExp])[] = [
  ["service:", 8, 8, /a value/],
  ["a b)", 3, 4, /a term/],
  ["(a b", 0, 1, /\)/],
  ["a OR", 4, 4, /a term/],
  ["OR a", 0, 1, /a term/],
  ['x:"abc', 2, 6, /closing/],
  ["duration:>200", 9, 13, /unit/],
  ["duration:fast", 9, 13, /unit/],
  ["status:bad", 7, 10, /ok/],
  ["kind:>server", 5, 12, /server/],
  ["http.response.status_code:>many", 26, 31, /number/],
  ["x:1..", 5, 5, /upper end/],
  ["sev*:1", 0, 4, /without \*/],
  ["x:/(/", 2, 5, /RE2/],
  ["x:/a(?=b)/", 2, 10, /RE2/],
  ["/connection refused/", 0, 20, /\\s/],
  ["f(x)", 1, 2, /quotes/],
  ['x:"a"b', 5, 6, /space/],
  ["-", 1, 1, /a term/],
  [":x", 0, 1, /key/],
  ["*", 0, 1, /key:\*/],
  ["service:>a", 8, 10, /pattern/],
];

for (const [text, position, end, expected] of mistakes) {
  test(`mistake in ${text} is told at ${position}`, () => {
    assert.throws(
      () => parseFilter(text),
      (error) => {
        assert.ok(error instanceof ServerError);
        assert.equal(error.code, "bad-filter");
        assert.deepEqual([error.position, error.end], [position, end]);
        assert.match(error.expected.join(" | "), expected);
        return true;
      },
    );
  });
}

test("deep nesting and long text are refused, not run", () => {
  assert.throws(() => parseFilter("(".repeat(2000)), /nesting/);
  assert.throws(() => parseFilter("-".repeat(2000)), /nesting/);
  assert.throws(() => parseFilter("a".repeat(5000)), /4096/);
});

const words = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => !/^\*+$/.test(text));
const pattern = fc
  .array(fc.string({ unit: "grapheme", maxLength: 6 }), { minLength: 1, maxLength: 3 })
  .filter((parts) => parts.join("") !== "" && parts.slice(1, -1).every((part) => part !== ""));
const number = fc.integer({ min: -1000, max: 1000 }).map(String);
const someTest: fc.Arbitrary<FilterTest> = fc.oneof(
  pattern.map((parts) => ({ op: "is", pattern: parts }) as const),
  fc.constant({ op: "present" } as const),
  fc.record({
    op: fc.constant("compare" as const),
    sign: fc.constantFrom(">", ">=", "<", "<="),
    text: number,
  }),
  fc.record({ op: fc.constant("range" as const), low: number, high: number }),
  fc.constantFrom("a/b", "^x\\d+$", "\\\\", "[a-z]").map((source) => ({ op: "regex", source }) as const),
);
const place = { start: 0, end: 0 };
const { tree } = fc.letrec<{ tree: FilterNode }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.record({
      kind: fc.constant("term" as const),
      key: words.map((key) => `x.${key}`),
      test: someTest,
      place: fc.constant(place),
    }),
    fc.record({
      kind: fc.constant("word" as const),
      test: pattern.map((parts) => ({ op: "is", pattern: parts }) as const),
      place: fc.constant(place),
    }),
    fc.record({ kind: fc.constant("not" as const), item: tie("tree"), place: fc.constant(place) }),
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      items: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
      place: fc.constant(place),
    }),
  ),
}));

test("parsing what was printed gives the same tree", () => {
  fc.assert(
    fc.property(tree, (node) => {
      assert.deepEqual(bare(parseFilter(printFilter(node))), bare(node), printFilter(node));
    }),
    { numRuns: 500 },
  );
});

test("any text parses or is a told mistake within the text", () => {
  const piece = fc.constantFrom(
    "a",
    ":",
    '"',
    "(",
    ")",
    "-",
    "OR",
    " ",
    "*",
    "/",
    "..",
    ">",
    "\\",
    "é",
    "NOT",
    "duration",
    "5ms",
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map((parts) => parts.join("")),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (input) => {
      try {
        const parsed = parseFilter(input);
        assert.deepEqual(bare(parseFilter(printFilter(parsed))), bare(parsed));
      } catch (error) {
        assert.ok(error instanceof ServerError && error.code === "bad-filter", String(error));
        assert.ok((error.position ?? -1) >= 0 && (error.position ?? 0) <= input.length);
      }
    }),
    { numRuns: 2000 },
  );
});

test("keys and values reach the engine as parameters only", () => {
  fc.assert(
    fc.property(tree, fc.constantFrom("traces" as const, "logs" as const), (node, signal) => {
      const { sql, parameters } = compileFilter(node, signal);
      // What is left without parameters and our own words must be made of our own alphabet alone.
      const ours = sql
        .replaceAll(/\{\w+:(String|Float64|UInt64|Int64)\}/g, "?")
        .replaceAll(/''|'UNSET'/g, "");
      assert.match(ours, /^[A-Za-z0-9_ ?()[\],=!<>]*$/);
      const names = new Set([...sql.matchAll(/\{(f\d+):/g)].map((found) => found[1]));
      assert.deepEqual([...names].sort(), Object.keys(parameters).sort());
    }),
    { numRuns: 500 },
  );
});

test("conditions", () => {
  const sql = (text: string, signal: "traces" | "logs" = "traces") =>
    withLiterals(compileFilter(parseFilter(text), signal));
  assert.equal(sql("service:checkout"), "(service_name = 'checkout')");
  assert.equal(sql("-status:ok"), "NOT (toString(status_code) = 'OK')");
  assert.equal(sql("duration:>200ms"), "(duration_ns > 200000000)");
  assert.equal(sql("trace:ABC"), "(trace_id = 'abc')");
  assert.equal(sql("operation:GET*"), "(operation LIKE 'GET%')");
  assert.match(sql("x:it's"), /attributes\['x'\] = 'it\\'s'/);
  assert.match(
    sql("level:error"),
    /IN \(SELECT trace_id, span_id FROM logs .* toString\(level\) = 'ERROR'\)/,
  );
  assert.match(sql("status:error", "logs"), /FROM traces .* toString\(status_code\) = 'ERROR'/);
  assert.equal(likePattern(["50%_", "\\"]), "50\\%\\_%\\\\");
});
