import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openable } from "./ask-token.js";
import { canObserve } from "./testing/go-service.js";
import { descendantsOf, isAlive } from "./testing/processes.js";
import { runCli, startGo3s, until } from "./testing/running-go3s.js";

const folder = mkdtempSync(join(tmpdir(), "go3s-remote-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("the address to open has the token, and a host that other machines reach", () => {
  assert.equal(openable("http://127.0.0.1:7303", undefined), "http://127.0.0.1:7303");
  assert.match(openable("http://0.0.0.0:7303", "t"), /^http:\/\/(?!0\.0\.0\.0)[\d.]+:7303\/\?token=t$/);
  assert.equal(openable("http://10.0.0.5:1", "a_-"), "http://10.0.0.5:1/?token=a_-");
});

test("up on all addresses prints a token, keeps it, and asks everybody for it; commands beside it have it", async () => {
  const data = join(folder, "all");
  const first = await startGo3s(["--no-web", "--no-agent", "--host", "0.0.0.0"], data);
  let token = "";
  try {
    token = first.ready.token ?? assert.fail("no token");
    const url = new URL("/api/v1/status", first.ready.web.replace("0.0.0.0", "127.0.0.1"));
    assert.equal((await fetch(url)).status, 401);
    assert.equal((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status, 200);
    const kept = join(data, "token");
    assert.equal(readFileSync(kept, "utf8").trim(), token);
    assert.equal(statSync(kept).mode & 0o777, 0o600);
    const asked = await runCli(["query", "SELECT 40 + 2 AS n", "--data", data, "--json"]);
    assert.deepEqual([asked.code, JSON.parse(asked.stdout)], [0, { n: 42 }], asked.stderr);
    const named = [
      "query",
      "SELECT 1 AS n",
      "--server",
      url.origin,
      "--data",
      join(folder, "none"),
      "--json",
    ];
    assert.notEqual((await runCli(named)).code, 0);
    assert.equal((await runCli(named, undefined, { GO3S_TOKEN: token })).code, 0);
  } finally {
    assert.equal(await first.stop(), 0);
  }
  const again = await startGo3s(["--no-web", "--no-agent", "--host", "0.0.0.0"], data);
  try {
    assert.equal(again.ready.token, token, "a restart asks for the same token");
  } finally {
    await again.stop();
  }
});

test("a probe that the page runs ends with the server, however that ends", {
  skip: canObserve ? false : "probes need root",
}, async () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const go3s = await startGo3s(["--no-web", "--no-agent"], join(folder, signal));
    try {
      const runs = new URL("/api/v1/probes/runs", go3s.ready.web);
      const order = { language: "script", text: "tracepoint:raw_syscalls:sys_enter { @ = count(); }" };
      const started = await fetch(runs, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...order, title: "t", duration_ms: 600_000 }),
      });
      assert.equal(started.status, 201, await started.text());
      const list = new URL("/api/v1/probes", go3s.ready.web);
      const isRunning = async (): Promise<boolean> => {
        const answer: { runs: { state: string }[] } = JSON.parse(await (await fetch(list)).text());
        return answer.runs[0]?.state === "running";
      };
      // Half a minute without a page ends it: on a machine as slow as that it is over before it is seen to run.
      const isSeen = await until(25_000, isRunning);
      const parts = descendantsOf(go3s.ready.pid);
      if (isSeen) assert.ok(parts.length >= 2, "an engine and a probe");
      go3s.child.kill(signal);
      assert.ok(await until(60_000, () => !parts.some(isAlive)), "something is left");
    } finally {
      await go3s.stop();
    }
  }
});
