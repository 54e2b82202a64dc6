import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canObserve } from "./testing/go-service.js";
import { descendantsOf, heldByKernel, isAlive } from "./testing/processes.js";
import { cliPath, type RunningGo3s, runCli, startGo3s, until } from "./testing/running-go3s.js";

const skip = canObserve ? false : "needs root to load BPF programs";
const anyPorts = ["--web-port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"];
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "go3s-life-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function status(
  go3s: RunningGo3s,
): Promise<{ agent: { state: string; reason: string; hint: string } }> {
  const response = await fetch(new URL("/api/v1/status", go3s.ready.web));
  return (await response.json()) as { agent: { state: string; reason: string; hint: string } };
}

const observing = async (go3s: RunningGo3s): Promise<boolean> =>
  (await status(go3s)).agent.state === "running";

/** childOf finds one of the parts by the program it runs. */
function childOf(go3s: RunningGo3s, program: string): number | undefined {
  return descendantsOf(go3s.ready.pid).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(program),
  );
}

/** sendSpan sends one span by OTLP/HTTP JSON, which answers when it is on disk. */
async function sendSpan(go3s: RunningGo3s, name: string): Promise<number> {
  const span = {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    name,
    kind: 2,
    startTimeUnixNano: "1544712660000000000",
    endTimeUnixNano: "1544712661000000000",
  };
  const response = await fetch(new URL("/v1/traces", go3s.ready.otlp_http), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  return response.status;
}

const counted = async (go3s: RunningGo3s, name: string): Promise<number> =>
  Number((await go3s.rows(`SELECT count() AS n FROM traces WHERE operation = '${name}'`))[0]?.["n"]);

test("SIGTERM and SIGINT end with 0 and leave no process and nothing in the kernel; data stays", {
  skip,
}, async () => {
  const data = join(folder, "kept");
  const first = await startGo3s(["--no-web"], data);
  assert.ok(await until(60_000, () => observing(first)));
  const parts = descendantsOf(first.ready.pid);
  assert.ok(parts.length >= 2, "an engine and an agent");
  assert.notEqual(heldByKernel(parts), 0, "programs and links are held while it runs");
  assert.equal(await sendSpan(first, "before"), 200);
  assert.equal(await first.stop(), 0);
  assert.deepEqual(parts.filter(isAlive), []);
  assert.equal(existsSync(join(data, "running.json")), false);

  const second = await startGo3s(["--no-agent", "--no-web"], data);
  assert.equal(await counted(second, "before"), 1);
  const gone = once(second.child, "exit");
  second.child.kill("SIGINT");
  assert.deepEqual(await gone, [0, null]);
});

test("SIGKILL of the server takes its agent, its engine and the demo along", {
  skip,
}, async () => {
  const go3s = await startGo3s(["--no-web", "--demo"], join(folder, "killed"));
  try {
    assert.ok(await until(60_000, () => observing(go3s)));
    // The shoppers come last: then all parts are there, and the agent has something on its way.
    assert.ok(
      await until(60_000, () =>
        descendantsOf(go3s.ready.pid).some((pid) => environmentOf(pid).includes("SHOP_ROLE=shoppers")),
      ),
    );
    const parts = descendantsOf(go3s.ready.pid);
    go3s.child.kill("SIGKILL");
    await until(30_000, () => !parts.some(isAlive));
    assert.deepEqual(
      parts.filter(isAlive).map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8")),
      [],
    );
  } finally {
    await go3s.stop();
  }
  const again = await startGo3s(["--no-web", "--no-agent"], join(folder, "killed"));
  assert.equal(await again.stop(), 0, "a killed server's directory opens again");
});

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}

test("a killed agent is started again and the status says so; a killed engine loses nothing", {
  skip,
}, async () => {
  const go3s = await startGo3s(["--no-web"], join(folder, "parts"));
  try {
    assert.ok(await until(60_000, () => observing(go3s)));
    const agent = childOf(go3s, "agent-process.js") ?? assert.fail("no agent");
    process.kill(agent, "SIGKILL");
    let failed: { reason: string; hint: string } | undefined;
    const isTold = async (): Promise<boolean> => {
      const told = (await status(go3s)).agent;
      if (told.state === "failed") failed = told;
      return failed !== undefined;
    };
    assert.ok(await until(60_000, isTold));
    const { reason, hint } = failed ?? assert.fail("not told");
    assert.match(reason, /the agent was ended by SIGKILL/);
    assert.match(hint, /started again in/);
    assert.ok(await until(60_000, () => observing(go3s)), "not started again");
    assert.notEqual(childOf(go3s, "agent-process.js"), agent);

    const engine = childOf(go3s, "engine/child.js") ?? assert.fail("no engine");
    process.kill(engine, "SIGKILL");
    for (let i = 0; i < 5; i++) assert.equal(await sendSpan(go3s, "meanwhile"), 200);
    const all = async (): Promise<boolean> => (await counted(go3s, "meanwhile").catch(() => 0)) === 5;
    assert.ok(await until(60_000, all), "what was acknowledged is there");
  } finally {
    await go3s.stop();
  }
});

test("a directory in use names its process; a port in use, a file and /proc say what to do", async () => {
  const data = join(folder, "used");
  const go3s = await startGo3s(["--no-web", "--no-agent"], data);
  const blocked = createServer().listen(0, "127.0.0.1");
  await once(blocked, "listening");
  try {
    const second = await runCli(["up", "--json", "--no-agent", "--data", data, ...anyPorts]);
    assert.equal(second.code, 1);
    assert.equal(codeOf(second.stderr), "directory-in-use");
    assert.match(second.stderr, new RegExp(`process ${go3s.ready.pid} uses`));
    assert.equal(await sendSpan(go3s, "undisturbed"), 200);

    const address = blocked.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const other = join(folder, "other");
    const ports = ["--web-port", "0", "--otlp-http-port", String(port), "--otlp-grpc-port", "0"];
    const taken = await runCli(["up", "--json", "--data", other, ...ports]);
    assert.equal(taken.code, 1);
    assert.equal(codeOf(taken.stderr), "cannot-listen");
    assert.match(taken.stderr, new RegExp(`OTLP/HTTP on 127\\.0\\.0\\.1 port ${port}`));

    writeFileSync(join(folder, "file"), "");
    for (const bad of [join(folder, "file"), join(folder, "file", "below"), "/proc/go3s/data"]) {
      const { code, stderr } = await runCli(["up", "--json", "--no-agent", "--data", bad, ...anyPorts]);
      assert.equal(code, 1);
      assert.equal(codeOf(stderr), "data-directory");
      assert.match(stderr, /--data DIR/);
    }
  } finally {
    blocked.close();
    await go3s.stop();
  }
});

function codeOf(stderr: string): string {
  const line = stderr.split("\n").find((each) => each.startsWith('{"error"')) ?? assert.fail(stderr);
  return (JSON.parse(line) as { error: { code: string } }).error.code;
}

test("query asks the running server, and the directory when none runs, in each format", async () => {
  const data = join(folder, "asked");
  const go3s = await startGo3s(["--no-web", "--no-agent"], data);
  assert.equal(await sendSpan(go3s, "asked for"), 200);
  assert.ok(await until(60_000, async () => (await counted(go3s, "asked for")) === 1));
  const sql = "SELECT operation, duration_ns FROM traces WHERE operation = {o:String}";
  const ask = (...more: string[]) =>
    runCli(["query", sql, "--param", "o=asked for", "--data", data, ...more]);
  const check = async (): Promise<void> => {
    assert.match(
      (await ask("--json")).stdout,
      /^\{"operation":"asked for","duration_ns":"?1000000000"?\}\n$/,
    );
    assert.equal(
      (await ask("--format", "csv")).stdout,
      '"operation","duration_ns"\n"asked for",1000000000\n',
    );
    const table = await ask();
    assert.match(table.stdout, /operation +duration_ns/);
    assert.match(table.stderr, /^1 row/m);
    const wrong = await runCli(["query", "SELECT nothing_like_it FROM traces", "--data", data, "--json"]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /nothing_like_it/);
  };
  try {
    await check();
  } finally {
    assert.equal(await go3s.stop(), 0);
  }
  await check();
});

test("without rights store and page start, and each part that is missing names its capabilities", {
  skip,
}, async () => {
  const data = join(folder, "plain");
  // A checkout below a home directory cannot be read by another user: same user, no capabilities.
  const bare = ["--bounding-set=-all", "--inh-caps=-all", process.execPath, cliPath];
  const child = spawn("setpriv", [...bare, "up", "--no-web", "--data", data, ...anyPorts], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  const gone = once(child, "exit");
  try {
    assert.ok(await until(60_000, () => said.includes("work all the same")), said);
    assert.match(said, /Go3s is ready: http:/);
    assert.match(said, /not observing/);
    assert.match(said, /TCP connections: this process lacks CAP_BPF, CAP_PERFMON/);
    assert.match(said, /other users' services: .*CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH/);
  } finally {
    child.kill("SIGTERM");
  }
  assert.deepEqual(await gone, [0, null]);
  assert.ok(readdirSync(data).includes("wal"));
});
