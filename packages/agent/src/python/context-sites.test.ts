import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { whyNoPeer } from "../testing/live-peers.js";
import { namedPythons } from "../testing/python-packages.js";
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

for (const python of ["python3", ...namedPythons])
  test(`the places of ${python} are found once it has loaded asyncio`, {
    skip: whyNoPeer(python),
  }, async () => {
    const child = spawn(python, ["-c", source], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      const pid = child.pid ?? 0;
      await once(child.stdout, "data");
      assert.equal(findContexts(pid), "later");
      child.stdin.write("\n");
      const [minor] = await once(child.stdout, "data");
      const found = findContexts(pid);
      assert.ok(typeof found === "object");
      if ("lost" in found) {
        assert.ok(![8, 9, 10, 11, 12, 13, 14, 15].includes(Number(String(minor))), found.lost);
        return;
      }
      assert.equal(new Set([found.made, found.freed, found.empty, found.copied]).size, 4);
      // A key of pthread_getspecific(), a word behind another; since 3.15 a variable.
      if (Number(String(minor)) < 15) assert.equal((found.state - 0x318) % 16, 0);
    } finally {
      child.kill("SIGKILL");
    }
  });

test("a process that is not there, or no CPython, says nothing", () => {
  assert.equal(findContexts(2 ** 22 + 1), "later");
  assert.equal(findContexts(process.pid), "later");
});
