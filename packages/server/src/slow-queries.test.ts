import assert from "node:assert/strict";
import { test } from "node:test";
import { createSlowQueries } from "./slow-queries.js";

test("the slowest of the last hour are kept, each statement once, its text shortened", () => {
  let now = 0;
  const slow = createSlowQueries(() => now);
  for (let i = 1; i <= 30; i++) slow.note(`SELECT  ${i}\n FROM t`, i, false);
  slow.note("SELECT 30 FROM t", 500, true);
  slow.note("SELECT 30 FROM t", 20, false);
  slow.note(`SELECT '${"x".repeat(5000)}'`, 40, false);
  const list = slow.list();
  assert.equal(list.length, 10);
  assert.deepEqual(list[0], {
    sql: "SELECT 30 FROM t",
    took_ms: 500,
    rows_read: null,
    at_ms: 0,
    failed: true,
  });
  assert.equal(list[1]?.sql.length, 300);
  assert.deepEqual(
    list.slice(2).map(({ took_ms }) => took_ms),
    [29, 28, 27, 26, 25, 24, 23, 22],
  );
  now = 3_599_000;
  assert.equal(slow.list().length, 10);
  now = 3_600_000;
  assert.equal(slow.list().length, 0);
  slow.note("SELECT 1", 1, false);
  assert.deepEqual(
    slow.list().map(({ sql }) => sql),
    ["SELECT 1"],
  );
});
