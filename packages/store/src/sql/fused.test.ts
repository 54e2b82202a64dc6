import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fusedSql } from "./fused.js";
import { durationNs } from "./interval.js";
import { sqlTokens } from "./tokens.js";

const cases: readonly (readonly [string, string, string])[] = [
  [
    "the statement of the features page",
    "SELECT span.operation, log.level, metric.value FROM traces JOIN logs ON traces.trace_id = logs.trace_id JOIN metrics ON traces.service_name = metrics.service_name WHERE span.duration_ns > 1 AND log.level = 'ERROR'",
    "SELECT traces.operation, logs.level, metrics.value FROM traces JOIN logs ON traces.trace_id = logs.trace_id JOIN metrics ON traces.service_name = metrics.service_name WHERE traces.duration_ns > 1 AND logs.level = 'ERROR'",
  ],
  ["the statement's own name for a table", "SELECT span.a FROM traces AS t", "SELECT t.a FROM traces AS t"],
  ["a name without AS", "SELECT span.a FROM go3s.spans t WHERE 1", "SELECT t.a FROM go3s.spans t WHERE 1"],
  ["a quoted name", 'SELECT span.a FROM traces "my t"', 'SELECT "my t".a FROM traces "my t"'],
  [
    "a table that is called so itself",
    "SELECT span.a, log.b FROM traces span, logs",
    "SELECT span.a, logs.b FROM traces span, logs",
  ],
  ["what no table of the statement has", "SELECT metric.a FROM traces", "SELECT metric.a FROM traces"],
  ["a column of that name", "SELECT traces.span.x, log FROM logs", "SELECT traces.span.x, log FROM logs"],
  [
    "a SELECT within",
    "SELECT * FROM (SELECT span.a FROM traces) WHERE log.b IN (SELECT span.c FROM spans)",
    "SELECT * FROM (SELECT traces.a FROM traces) WHERE log.b IN (SELECT spans.c FROM spans)",
  ],
  [
    "a SELECT within that reads the outer row",
    "SELECT 1 FROM traces WHERE EXISTS (SELECT 1 FROM logs WHERE log.trace_id = span.trace_id)",
    "SELECT 1 FROM traces WHERE EXISTS (SELECT 1 FROM logs WHERE logs.trace_id = traces.trace_id)",
  ],
  [
    "both halves of a UNION",
    "SELECT span.a FROM traces t UNION ALL SELECT span.a FROM traces u",
    "SELECT t.a FROM traces t UNION ALL SELECT u.a FROM traces u",
  ],
  [
    "texts and comments",
    "SELECT 'span.a' -- span.b\nFROM traces /* log.c */",
    "SELECT 'span.a' -- span.b\nFROM traces /* log.c */",
  ],
  [
    "kinds of joins",
    "SELECT span.a FROM traces ANY LEFT JOIN logs USING trace_id",
    "SELECT traces.a FROM traces ANY LEFT JOIN logs USING trace_id",
  ],
  ["a duration", "SELECT now() - INTERVAL '200ms'", "SELECT now() - INTERVAL 200 MILLISECOND"],
  ["a duration of parts", "SELECT now() - interval '1h30m'", "SELECT now() - interval 90 MINUTE"],
  [
    "the engine's own intervals",
    "SELECT INTERVAL '2 day', INTERVAL 5 MINUTE",
    "SELECT INTERVAL '2 day', INTERVAL 5 MINUTE",
  ],
  ["a text that only looks so", "SELECT '200ms'", "SELECT '200ms'"],
];

describe("fused SQL", () => {
  for (const [name, have, want] of cases) test(name, () => assert.equal(fusedSql(have), want));

  test("tokens are the text, whatever it is, and nothing is made of other text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (sql) => {
        assert.equal(
          sqlTokens(sql)
            .map((each) => each.text)
            .join(""),
          sql,
        );
        fusedSql(sql);
      }),
      { numRuns: 500 },
    );
    const pieces = [
      "SELECT ",
      "FROM ",
      "traces",
      " JOIN ",
      "(",
      ")",
      "span.",
      "log.",
      ",",
      " UNION ALL ",
      "'",
      "x",
      "--",
      "\n",
      "`",
      "$a$",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces)), (some) => void fusedSql(some.join(""))),
      { numRuns: 500 },
    );
  });
});

describe("durations", () => {
  for (const [text, ns] of [
    ["200ms", 200_000_000n],
    ["1.5s", 1_500_000_000n],
    ["1h30m", 5_400_000_000_000n],
    ["10us", 10_000n],
    ["7d", 604_800_000_000_000n],
    ["5", undefined],
    ["ms", undefined],
    ["5 ms", undefined],
    ["", undefined],
  ] as const) {
    test(JSON.stringify(text), () => assert.equal(durationNs(text), ns));
  }
});
