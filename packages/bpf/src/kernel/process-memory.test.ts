import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { processMemory } from "./process-memory.js";
import { addressOf } from "./syscall.js";

test("pieces of a process's memory are read whole, more than one call takes, as they are now", () => {
  const source = new Uint32Array(5000);
  const at = addressOf(source);
  const ranges = Array.from(source, (_, i) => ({ address: at + i * 4, length: 4 }));
  const memory = processMemory(process.pid, ranges);
  for (const round of [1, 2]) {
    source.forEach((_, i) => {
      source[i] = i * round;
    });
    assert.equal(memory.read(), true);
    for (const i of [0, 1, 1023, 1024, 4999])
      assert.equal(memory.view.getUint32(memory.offsetOf(i), true), i * round);
  }
});

test("memory that is not mapped, and a process that is gone, give false", async () => {
  assert.equal(processMemory(process.pid, [{ address: 8, length: 8 }]).read(), false);
  const child = spawn("sleep", ["60"]);
  try {
    await once(child, "spawn");
    const { pid } = child;
    assert.ok(pid !== undefined);
    const [start = "0"] = readFileSync(`/proc/${pid}/maps`, "utf8").split("-");
    const memory = processMemory(pid, [{ address: Number.parseInt(start, 16), length: 4 }]);
    assert.equal(memory.read(), true);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(memory.read(), false);
  } finally {
    child.kill("SIGKILL");
  }
});
