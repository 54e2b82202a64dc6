import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeParameter, fillIn, quoteText, statementsOf } from "./sql.js";

test("text is quoted so that it stays text", () => {
  assert.equal(quoteText("a'b\\c"), "'a\\'b\\\\c'");
  assert.equal(escapeParameter("a\tb\nc\\d"), "a\\tb\\nc\\\\d");
});

test("places are filled, and a place without a value is a mistake of ours", () => {
  assert.equal(fillIn("INSERT INTO $table$ VALUES ($n$)", { table: "t", n: 3 }), "INSERT INTO t VALUES (3)");
  assert.throws(() => fillIn("$missing$", {}), TypeError);
});

test("a file of statements is split at its semicolons and loses its comments", () => {
  assert.deepEqual(statementsOf("-- why; because\nSELECT 1,\n  ';';\n\nSELECT 2"), [
    "SELECT 1,\n  ';'",
    "SELECT 2",
  ]);
});
