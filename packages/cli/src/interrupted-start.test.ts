import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { childEnvironment } from "./environment.js";
import { exitCodes } from "./failure.js";
import { canObserve } from "./testing/go-service.js";
import { descendantsOf, isAlive } from "./testing/processes.js";
import { cliPath, startGo3s, until } from "./testing/running-go3s.js";

const skip = canObserve ? false : "needs root to load BPF programs";
// That nothing was compiled says that nobody waited for the compiler; this only that it ended at all, on machines that are busy.
const longestMs = 10_000;

/** compilerBelow finds the process that compiles the probes. */
function compilerBelow(pid: number | undefined): number | undefined {
  return descendantsOf(pid ?? 0).find((each) => {
    try {
      return readFileSync(`/proc/${each}/cmdline`, "utf8").includes("compile-process");
    } catch {
      return false;
    }
  });
}

/** whileCompiling waits until a process below `pid` compiles, has `end` end it, and sees that nothing is left; `cache` is its folder. */
async function whileCompiling(
  pid: number | undefined,
  cache: string,
  end: () => Promise<unknown>,
): Promise<void> {
  assert.ok(await until(30_000, () => compilerBelow(pid) !== undefined), "it compiles");
  const compiler = compilerBelow(pid) ?? 0;
  const began = performance.now();
  await end();
  const took = performance.now() - began;
  assert.ok(took < longestMs, `${Math.round(took)} ms`);
  assert.ok(await until(longestMs, () => !isAlive(compiler)), "nobody compiles on");
  assert.deepEqual(readdirSync(cache), []);
}

describe("a signal during the first compilation of the probes ends the agent at once", { skip }, () => {
  for (const [signal, code] of [
    ["SIGTERM", exitCodes.done],
    ["SIGINT", exitCodes.interrupted],
  ] as const)
    test(`${signal} to observe`, async () => {
      const cache = mkdtempSync(join(tmpdir(), "go3s-cache-"));
      const child = spawn(process.execPath, [cliPath, "observe", "--all", "--json"], {
        stdio: ["ignore", "pipe", "ignore"],
        env: childEnvironment({ GO3S_CACHE: cache }, ""),
      });
      let said = "";
      child.stdout.on("data", (text: Buffer) => {
        said += text.toString();
      });
      try {
        await whileCompiling(child.pid, cache, async () => {
          const gone = once(child, "exit");
          child.kill(signal);
          assert.deepEqual(await gone, [code, null]);
        });
        assert.match(said, /"event":"summary"/);
      } finally {
        child.kill("SIGKILL");
        rmSync(cache, { recursive: true, force: true });
      }
    });

  test("SIGTERM to up", async () => {
    const cache = mkdtempSync(join(tmpdir(), "go3s-cache-"));
    const go3s = await startGo3s([], undefined, { GO3S_CACHE: cache });
    try {
      await whileCompiling(go3s.ready.pid, cache, () => go3s.stop());
    } finally {
      await go3s.stop();
      go3s.remove();
      rmSync(cache, { recursive: true, force: true });
    }
  });
});
