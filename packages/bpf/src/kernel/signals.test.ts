import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { skipWithoutBpf } from "../testing/kernel.js";

test("programs load in a process that is being profiled", { skip: skipWithoutBpf() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-profile-"));
  try {
    const child = fileURLToPath(new URL("../testing/profiled-load.js", import.meta.url));
    const profiler = ["--cpu-prof", "--cpu-prof-interval", "500", "--cpu-prof-dir", folder];
    assert.equal(
      execFileSync(process.execPath, [...profiler, child], { encoding: "utf8" }),
      "loaded long_loop",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
