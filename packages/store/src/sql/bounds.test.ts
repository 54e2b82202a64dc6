import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fusedSql } from "./fused.js";

const join =
  "SELECT span.operation, log.body FROM traces JOIN logs ON traces.trace_id = logs.trace_id AND logs.timestamp BETWEEN traces.start_time AND traces.end_time";

/** Each: what stands behind the join, and what is added at the end of its WHERE; "" for nothing. */
const cases: readonly (readonly [string, string, string])[] = [
  [
    "a lower bound of the span",
    "WHERE span.start_time >= now() - INTERVAL 1 HOUR",
    " AND logs.timestamp >= now ( ) - INTERVAL 1 HOUR",
  ],
  [
    "in nanoseconds",
    "WHERE traces.timestamp_ns > 17 AND log.level = 'ERROR' LIMIT 10",
    " AND logs.timestamp_ns >= 17",
  ],
  [
    "an upper bound of the record",
    "WHERE log.timestamp < '2026-11-21 10:00:00'",
    " AND traces.start_time <= '2026-11-21 10:00:00'",
  ],
  [
    "a range",
    "WHERE span.start_time BETWEEN '2026-11-21' AND '2026-11-22' ORDER BY 1",
    " AND logs.timestamp >= '2026-11-21'",
  ],
  ["a parameter", "WHERE traces.timestamp_ns >= {from:Int64}", " AND logs.timestamp_ns >= { from : Int64 }"],
  ["an upper bound of the span, which says nothing of the record", "WHERE span.start_time < now()", ""],
  ["a bound by another column", "WHERE span.start_time >= logs.observed", ""],
  ["a condition that may not hold", "WHERE span.start_time >= now() OR log.level = 'ERROR'", ""],
  ["a condition that is turned round", "WHERE NOT span.start_time >= now()", ""],
  ["no WHERE", "LIMIT 10", ""],
];

describe("bounds that a join within a span's time implies", () => {
  for (const [name, rest, added] of cases) {
    test(name, () => {
      const sql = fusedSql(`${join} ${rest}`);
      const plain = fusedSql(`${join} ${rest}`.replace("BETWEEN traces.start_time", "BETWEEN traces.other"));
      const wanted = plain.replace("BETWEEN traces.other", "BETWEEN traces.start_time");
      if (added === "") assert.equal(sql, wanted);
      else {
        assert.ok(sql.includes(added), sql);
        assert.equal(sql.replace(added, ""), wanted);
      }
    });
  }

  test("joins that keep rows without a partner stay as they are", () => {
    const where = "WHERE span.start_time >= now()";
    assert.ok(!fusedSql(`${join.replace("JOIN", "LEFT JOIN")} ${where}`).includes("logs.timestamp >="));
    assert.ok(fusedSql(`${join.replace("JOIN", "INNER JOIN")} ${where}`).includes("logs.timestamp >="));
  });

  test("a SELECT within has bounds of its own, an OR in the join none", () => {
    const within = `SELECT count() FROM (${join} WHERE span.start_time >= now()) WHERE 1`;
    assert.ok(fusedSql(within).includes("now() AND logs.timestamp >= now ( ))"), fusedSql(within));
    assert.ok(!fusedSql(`${join} OR 1 WHERE span.start_time >= now()`).includes("logs.timestamp >="));
  });
});
