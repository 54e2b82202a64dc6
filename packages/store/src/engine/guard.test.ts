import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "../errors.js";
import { checkCanonicalQuery } from "./guard.js";

const ALLOWED: readonly (readonly [string, string | undefined])[] = [
  ["SELECT 1", undefined],
  ["(SELECT 1) UNION ALL (SELECT 2)", undefined],
  ["WITH 1 AS a SELECT a FORMAT JSON", "JSON"],
  ["EXPLAIN PLAN SELECT 1", undefined],
  ["SHOW TABLES", undefined],
  ["DESCRIBE TABLE traces", undefined],
  ["SELECT 'file(x) INTO OUTFILE' AS `INTO OUTFILE`", undefined],
  ["SELECT file FROM traces", undefined],
  ["SELECT attributes['file'] FROM traces", undefined],
  ["SELECT 'it\\'s FORMAT CSV'", undefined],
];

const REFUSED: readonly string[] = [
  "DROP TABLE traces",
  "INSERT INTO traces SELECT 1",
  "SET ROLE go3s_writer",
  "KILL QUERY WHERE 1",
  "SYSTEM SHUTDOWN",
  "USE default",
  "SELECT 1 INTO OUTFILE '/tmp/x'",
  "SELECT 1 INTO OUTFILE '/tmp/x' FORMAT CSV",
  "SELECT file('/etc/passwd')",
  "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
  "SELECT `file`('/etc/passwd')",
  "SELECT COLUMNS('a') APPLY(file) FROM traces",
  "SELECT * APPLY file FROM traces",
  "EXPLAIN SELECT file('/etc/passwd')",
];

for (const [sql, format] of ALLOWED) {
  test(`allowed: ${sql}`, () => assert.equal(checkCanonicalQuery(sql).format, format));
}

for (const sql of REFUSED) {
  test(`refused: ${sql}`, () => {
    assert.throws(
      () => checkCanonicalQuery(sql),
      (error) => error instanceof StoreError && error.code === "query-forbidden",
    );
  });
}
