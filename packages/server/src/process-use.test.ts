import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { processUse } from "./process-use.js";

test("this process' CPU time and memory, and nothing of one that is not there", {
  skip: existsSync("/proc/self/stat") ? false : "no /proc",
}, () => {
  const use = processUse(process.pid);
  assert.ok(use !== undefined && use.cpuMicros > 0, "it has run");
  assert.ok(use.rssBytes > 10e6 && use.rssBytes < 1e11, String(use.rssBytes));
  const { user, system } = process.cpuUsage();
  assert.ok(use.cpuMicros <= user + system + 20_000, "no more than Node itself says, to the tick");
  assert.equal(processUse(undefined), undefined);
  assert.equal(processUse(2 ** 30), undefined);
});
