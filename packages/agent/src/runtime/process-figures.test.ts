import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { readProcessFigures } from "./process-figures.js";

test("a process's figures are those that it has itself", () => {
  const before = readProcessFigures(process.pid);
  const files = Array.from({ length: 10 }, () => openSync("/dev/null", "r"));
  const after = readProcessFigures(process.pid);
  files.forEach(closeSync);
  assert.ok(before !== undefined && after !== undefined);
  assert.equal(after.descriptors, (before.descriptors ?? Number.NaN) + 10);
  const { user, system } = process.cpuUsage();
  assert.ok(after.userSeconds + after.systemSeconds <= (user + system) / 1e6 + 0.02);
  assert.ok(after.userSeconds > 0 && after.threads >= 1);
  assert.ok(after.residentBytes > 10e6 && after.residentBytes < after.virtualBytes);
  assert.equal(readProcessFigures(2 ** 30), undefined);
});
