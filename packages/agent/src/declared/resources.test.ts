import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { newResources } from "./resources.js";

test("a process has one resource for as long as somebody has it, however many others are asked for; its end is told", async () => {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  const pid = child.pid ?? 0;
  try {
    // Two pids are remembered: each of the others drives one out.
    const resources = newResources("probe", 2);
    const first = resources.of(pid);
    const machine = resources.of(0);
    assert.notEqual(first, machine);
    for (let other = 0; other < 20; other++) resources.of(2 ** 22 + other, () => `gone-${other}`);
    assert.equal(resources.of(pid), first, "the same bytes are the same object");
    assert.deepEqual([resources.hasEnded(first), resources.hasEnded(machine)], [false, false]);
    const gone = resources.of(2 ** 22 + 1, () => "gone");
    assert.equal(resources.hasEnded(gone), true);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(resources.hasEnded(first), true);
  } finally {
    child.kill("SIGKILL");
  }
});
