import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { whyNoPeer } from "../testing/live-peers.js";
import { findContexts } from "./context-sites.js";

// Each in one write, also where its output is not buffered.
const source = `
import sys
sys.stdout.write("begun\\n")
sys.stdout.flush()
sys.stdin.readline()
import asyncio
sys.stdout.write("%d\\n" % sys.version_info.minor)
sys.stdout.flush()
sys.stdin.readline()
`;

test("a CPython's places are found once it has loaded asyncio", { skip: whyNoPeer("python3") }, async () => {
  const child = spawn("python3", ["-c", source], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const pid = child.pid ?? 0;
    await once(child.stdout, "data");
    assert.equal(findContexts(pid), "later");
    child.stdin.write("\n");
    const [minor] = await once(child.stdout, "data");
    const found = findContexts(pid);
    assert.ok(typeof found === "object");
    if ("lost" in found) {
      assert.ok(![9, 10, 11, 12, 13].includes(Number(String(minor))), found.lost);
      return;
    }
    assert.notEqual(found.made, found.freed);
    // A key of pthread_getspecific(): a word behind another.
    assert.equal((found.state - 0x318) % 16, 0);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a process that is not there, or no CPython, says nothing", () => {
  assert.equal(findContexts(2 ** 22 + 1), "later");
  assert.equal(findContexts(process.pid), "later");
});
