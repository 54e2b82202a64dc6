import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { cliPath, type RunningGo3s, runCli, startGo3s, until } from "./testing/running-go3s.js";

let go3s: RunningGo3s;

before(async () => {
  go3s = await startGo3s(["--no-agent", "--no-web"]);
});
after(async () => {
  await go3s.stop();
  go3s.remove();
});

let number = 0;

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(new URL(path, go3s.ready.otlp_http), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
}

const resource = (service: string): object => ({
  attributes: [
    { key: "service.name", value: { stringValue: service } },
    { key: "host.name", value: { stringValue: hostname() } },
    { key: "process.pid", value: { intValue: String(process.pid) } },
  ],
});

async function sendSpan(service: string, name: string, durationMs: number, error = false): Promise<void> {
  const end = Date.now();
  const span = {
    traceId: (++number).toString(16).padStart(32, "a"),
    spanId: number.toString(16).padStart(16, "b"),
    name,
    kind: 2,
    startTimeUnixNano: `${end - durationMs}000000`,
    endTimeUnixNano: `${end}000000`,
    attributes: [{ key: "http.response.status_code", value: { intValue: error ? "500" : "200" } }],
    ...(error ? { status: { code: 2, message: "it broke" } } : {}),
  };
  await post("/v1/traces", {
    resourceSpans: [{ resource: resource(service), scopeSpans: [{ spans: [span] }] }],
  });
}

async function sendLog(service: string, body: string, severityNumber: number): Promise<void> {
  const record = {
    timeUnixNano: `${Date.now()}000000`,
    severityNumber,
    severityText: "ERROR",
    body: { stringValue: body },
  };
  await post("/v1/logs", {
    resourceLogs: [{ resource: resource(service), scopeLogs: [{ logRecords: [record] }] }],
  });
}

/** follow starts `go3s tail` and gives what it prints, line by line. */
function follow(args: readonly string[]): { next(): Promise<string>; stop(): Promise<number | null> } {
  const child = spawn(process.execPath, [cliPath, "tail", "--server", go3s.ready.web, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async next() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("tail ended");
      return value;
    },
    async stop() {
      const gone = once(child, "exit");
      child.kill("SIGINT");
      await gone;
      return child.exitCode;
    },
  };
}

test("tail shows spans as they end, each once, and ends with 130", async () => {
  const tail = follow(["--json", "--service", "shop", "--since", "1m"]);
  try {
    await sendSpan("shop", "GET /a", 20);
    await sendSpan("other", "GET /x", 20);
    const first: { operation: string; duration_ns: number; resource: Record<string, string> } = JSON.parse(
      await tail.next(),
    );
    assert.deepEqual(
      [first.operation, first.duration_ns, first.resource["service.name"]],
      ["GET /a", 20_000_000, "shop"],
    );
    await sendSpan("shop", "GET /b", 5, true);
    assert.equal(JSON.parse(await tail.next()).operation, "GET /b");
  } finally {
    assert.equal(await tail.stop(), 130);
  }
});

test("tail for people shows errors with their reason, and takes the page's filters", async () => {
  const tail = follow(["--filter", "status:error", "--since", "1m", "--service", "people"]);
  try {
    await sendSpan("people", "GET /fine", 5);
    await sendSpan("people", "GET /bad", 5, true);
    const line = await tail.next();
    assert.match(line, /people .*SERVER .*5\.00 ms {2}500 {2}GET \/bad {2}a{8} {2}it broke$/);
  } finally {
    await tail.stop();
  }
});

test("tail shows log records", async () => {
  const tail = follow(["--signal", "logs", "--json", "--since", "1m"]);
  try {
    await sendLog("shop", "payment failed", 17);
    const log: { body: string; level: string; tie?: string } = JSON.parse(await tail.next());
    assert.deepEqual([log.body, log.level, log.tie], ["payment failed", "ERROR", undefined]);
  } finally {
    await tail.stop();
  }
});

test("top tells operations by time and processes by cost", async () => {
  for (let i = 0; i < 4; i++) await sendSpan("busy", "GET /slow", 900, i === 0);
  await sendSpan("busy", "GET /fast", 1);
  // A machine that is busy with other tests may take longer than a query waits for rows.
  const counted = async () =>
    (await go3s.rows("SELECT count() AS n FROM traces WHERE service_name = 'busy'"))[0]?.["n"];
  assert.ok(await until(60_000, async () => Number(await counted()) === 5));
  const { code, stdout } = await runCli([
    "top",
    "--json",
    "--server",
    go3s.ready.web,
    "--filter",
    "service:busy",
  ]);
  assert.equal(code, 0);
  const answer: {
    operations: { operation: string; requests: number; error_share: number; spark: number[] }[];
    processes: { service_name: string; pid: number; cpu_share: number | null; memory_bytes: number | null }[];
  } = JSON.parse(stdout);
  assert.deepEqual(
    answer.operations.map((row) => [row.operation, row.requests, row.error_share]),
    [
      ["GET /slow", 4, 0.25],
      ["GET /fast", 1, 0],
    ],
  );
  assert.ok((answer.operations[0]?.spark.length ?? 0) >= 5);
  const [process_] = answer.processes;
  assert.deepEqual([process_?.service_name, process_?.pid], ["busy", process.pid]);
  assert.ok((process_?.memory_bytes ?? 0) > 1e6 && process_?.cpu_share !== null);
  const plain = await runCli([
    "top",
    "--server",
    go3s.ready.web,
    "--sort",
    "name",
    "--filter",
    "service:busy",
  ]);
  assert.match(plain.stdout, /SERVICE +OPERATION[\s\S]*GET \/fast[\s\S]*GET \/slow[\s\S]*25 %[\s\S]*PROCESS/);
});

test("what cannot be followed says so", async () => {
  const server = ["--server", go3s.ready.web];
  const signal = await runCli(["tail", "--signal", "metrics", ...server]);
  assert.deepEqual([signal.code, /spans or logs/.test(signal.stderr)], [2, true]);
  const filter = await runCli(["tail", "--filter", "duration:>fast", ...server]);
  assert.deepEqual([filter.code, /fast/.test(filter.stderr)], [1, true]);
  const order = await runCli(["top", "--sort", "size", ...server]);
  assert.deepEqual([order.code, /time, rate, errors/.test(order.stderr)], [2, true]);
  const nowhere = await runCli(["tail", "--server", "http://127.0.0.1:1"]);
  assert.deepEqual([nowhere.code, /cannot reach/.test(nowhere.stderr)], [1, true]);
});
