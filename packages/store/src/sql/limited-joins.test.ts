import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fusedSql } from "./fused.js";

const settings = " SETTINGS min_joined_block_size_rows = 0, min_joined_block_size_bytes = 0";
const features =
  "SELECT span.operation, log.level, metric.value FROM traces JOIN logs ON traces.trace_id = logs.trace_id AND logs.timestamp BETWEEN traces.start_time AND traces.end_time " +
  "JOIN metrics ON traces.service_name = metrics.service_name WHERE span.duration_ns > 1000000000 AND log.level = 'ERROR' LIMIT 100";

describe("joins of which any rows are wanted", () => {
  test("the statement of the features page", () => {
    const sql = fusedSql(features);
    assert.ok(sql.includes("FROM logs JOIN traces ON traces.trace_id = logs.trace_id"), sql);
    assert.ok(
      sql.includes(
        "JOIN (SELECT service_name, value FROM metrics LIMIT 100 BY service_name) AS metrics ON traces.service_name = metrics.service_name",
      ),
      sql,
    );
    assert.ok(sql.endsWith(`LIMIT 100${settings}`), sql);
  });

  test("other names for tables, and a semicolon", () => {
    const sql = fusedSql(
      "SELECT t.operation, m.value FROM traces AS t INNER JOIN metrics m ON m.service_name = t.service_name WHERE t.duration_ns > 1 LIMIT 5;",
    );
    assert.ok(
      sql.includes("JOIN (SELECT service_name, value FROM metrics LIMIT 5 BY service_name) AS m"),
      sql,
    );
    assert.ok(sql.endsWith(`LIMIT 5${settings};`), sql);
  });

  const untouched: readonly (readonly [string, string])[] = [
    ["an order", features.replace("LIMIT 100", "ORDER BY span.duration_ns LIMIT 100")],
    ["no LIMIT", features.replace(" LIMIT 100", "")],
    ["a LIMIT with an offset", features.replace("LIMIT 100", "LIMIT 100 OFFSET 5")],
    ["a group", features.replace("LIMIT 100", "GROUP BY ALL LIMIT 100")],
    ["a function", features.replace("span.operation", "count()")],
    ["a star", features.replace("span.operation, log.level, metric.value", "*")],
    ["distinct rows", features.replace("SELECT ", "SELECT DISTINCT ")],
    ["a join that keeps rows", features.replace("JOIN metrics", "LEFT JOIN metrics")],
    ["a SELECT within", `SELECT operation FROM (${features}) LIMIT 3`],
    ["a UNION", `${features} UNION ALL ${features}`],
  ];
  for (const [name, sql] of untouched) {
    test(`${name}: stays`, () => {
      const written = fusedSql(sql);
      assert.ok(!written.includes("BY service_name"), written);
      assert.ok(!written.includes("FROM logs JOIN"), written);
      assert.ok(!written.includes("SETTINGS"), written);
    });
  }

  test("a condition on the points needs them all", () => {
    for (const more of ["AND metric.value > 1", "AND metrics.name = 'x'", "AND name = 'x'"]) {
      const sql = fusedSql(features.replace(" LIMIT", ` ${more} LIMIT`));
      assert.ok(!sql.includes("BY service_name"), sql);
    }
  });

  test("columns that do not name their table may be any table's", () => {
    assert.ok(
      fusedSql(features.replace("metric.value", "value AS v")).includes(
        "(SELECT *, timestamp FROM metrics LIMIT 100",
      ),
    );
  });

  test("spans that are not the slow ones keep their place, and settings of the statement's own theirs", () => {
    assert.ok(
      fusedSql(features.replace("span.duration_ns >", "span.duration_ns <")).includes(
        "FROM traces JOIN logs",
      ),
    );
    assert.ok(fusedSql(`${features} SETTINGS max_threads = 1`).endsWith("SETTINGS max_threads = 1"));
  });
});
