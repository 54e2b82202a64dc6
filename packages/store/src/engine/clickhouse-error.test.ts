import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanClickHouseError, queryErrorOf } from "./clickhouse-error.js";

const CASES: readonly (readonly [string, number | undefined, string | undefined, string])[] = [
  [
    "Query failed: Code: 47. DB::Exception: Unknown expression identifier `nope` in scope SELECT nope. (UNKNOWN_IDENTIFIER)",
    47,
    "UNKNOWN_IDENTIFIER",
    "Unknown expression identifier `nope` in scope SELECT nope",
  ],
  [
    "Query failed: Code: 452. DB::Exception: Code: 452. DB::Exception: Setting max_memory_usage shouldn't be greater than 3. (SETTING_CONSTRAINT_VIOLATION) (version 26.7.2.1). (SETTING_CONSTRAINT_VIOLATION)",
    452,
    "SETTING_CONSTRAINT_VIOLATION",
    "Setting max_memory_usage shouldn't be greater than 3",
  ],
  ["something else", undefined, undefined, "something else"],
  ["", undefined, undefined, ""],
];

for (const [text, code, name, message] of CASES) {
  test(`cleans: ${text.slice(0, 60)}`, () =>
    assert.deepEqual(cleanClickHouseError(text), { code, name, message }));
}

test("limits, missing rights and mistakes look different", () => {
  const codeOf = (code: number) => queryErrorOf(new Error(`Code: ${code}. DB::Exception: x. (X_Y)`)).code;
  assert.equal(codeOf(159), "query-limit");
  assert.equal(codeOf(241), "query-limit");
  assert.equal(codeOf(497), "query-forbidden");
  assert.equal(codeOf(394), "query-cancelled");
  assert.equal(codeOf(60), "query-failed");
});
