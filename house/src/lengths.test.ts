import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceFiles } from "./files.js";
import { drawTable, lengthTable, lengthViolations } from "./lengths.js";

test("no package's files pass the limits", (t) => {
  const rows = lengthTable(sourceFiles());
  t.diagnostic(`\n${drawTable(rows)}`);
  assert.deepEqual(lengthViolations(rows), []);
});

test("a giant file is told by name; tests and generated files do not count", () => {
  const giant = "x\n".repeat(701);
  const rows = lengthTable([
    { path: "packages/bpf/src/giant.ts", text: giant },
    { path: "packages/bpf/src/table.generated.ts", text: giant.repeat(9) },
    { path: "packages/bpf/src/giant.test.ts", text: giant.repeat(9) },
  ]);
  assert.deepEqual(rows[0]?.files, 1);
  assert.match(lengthViolations(rows).join("\n"), /giant\.ts: 701 lines, limit 700/);
});
