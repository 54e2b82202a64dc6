// Kills the server or the engine with kill -9 at random moments under load, again and again, and looks for what was
// acknowledged and is lost, or is there twice.
//   npm run build && nice -n 10 node scripts/kill-nine.mjs --rounds 60 [--seed N] [--data DIR]
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { ExportLogsServiceRequest, ExportTraceServiceRequest, encodeProtobuf } from "@go3s/telemetry";
import grpc from "@grpc/grpc-js";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "60" }, seed: { type: "string" }, data: { type: "string" } },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const data = values.data ?? mkdtempSync(join(tmpdir(), "go3s-kill-nine-"));
const cli = join(dirname(dirname(fileURLToPath(import.meta.url))), "packages", "cli", "bin", "go3s.js");

let state = seed >>> 0;
/** chance gives the next number in [0, 1) of the seed: mulberry32. */
function chance() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ------------------------------------------------------------------------------------------------------------ the server

/** start runs `go3s up` over the data directory until it is ready. */
async function start() {
  const ports = ["--web-port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"];
  const child = spawn(
    process.execPath,
    [cli, "up", "--json", "--no-agent", "--no-web", "--data", data, ...ports],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let errors = "";
  child.stderr.on("data", (text) => {
    errors = (errors + text).slice(-4000);
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const ready = await new Promise((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => resolve(JSON.parse(line)));
    void gone.then((code) => reject(new Error(`go3s up ended with ${code}: ${errors}`)));
  });
  return { child, gone, ...ready };
}

/** engineOf finds the engine's process: the server's child that runs the store's child.js. */
function engineOf(pid) {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      if (parent === pid && command.includes("engine/child.js")) return Number(name);
    } catch {
      // It ended meanwhile.
    }
  }
  return undefined;
}

async function ask(server, sql) {
  const response = await fetch(`${server.web}/api/v1/query?format=JSONEachRow`, {
    method: "POST",
    body: sql,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** settle waits until nothing waits in the log any more. */
async function settle(server) {
  for (const end = Date.now() + 120_000; ; await sleep(50)) {
    const status = await (await fetch(`${server.web}/api/v1/status`)).json();
    if (status.store.wal_bytes === 0 && status.store.state === "ready") return;
    if (Date.now() > end)
      throw new Error(`the log is not empty after 120 s: ${JSON.stringify(status.store)}`);
  }
}

// -------------------------------------------------------------------------------------------------------------- the load

const ITEMS = 100;
let nextBatch = 1;
/** Batches by number: how many of them were acknowledged, by signal; all that were sent are 1 to nextBatch - 1. */
const acknowledged = { traces: new Set(), logs: new Set() };
const counts = { http: 0, gzip: 0, grpc: 0, logs: 0, refused: 0, broken: 0 };

function idOf(batch, index) {
  const id = Buffer.alloc(8);
  id.writeUInt32BE(batch, 0);
  id.writeUInt32BE(index + 1, 4);
  return id.toString("hex");
}

function traceBytes(batch) {
  const time = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: ITEMS }, (_, i) => ({
    traceId: idOf(batch, i).repeat(2),
    spanId: idOf(batch, i),
    name: `GET /${i % 10}`,
    kind: 2,
    startTimeUnixNano: time,
    endTimeUnixNano: time + 1000n,
    attributes: [{ key: "batch", value: { stringValue: String(batch) } }],
  }));
  return Buffer.from(
    encodeProtobuf(ExportTraceServiceRequest, { resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  );
}

function logBytes(batch) {
  const timeUnixNano = BigInt(Date.now()) * 1_000_000n;
  const logRecords = Array.from({ length: ITEMS }, (_, i) => ({
    timeUnixNano,
    traceId: idOf(batch, i).repeat(2),
    spanId: idOf(batch, i),
  }));
  return Buffer.from(
    encodeProtobuf(ExportLogsServiceRequest, { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
  );
}

function post(server, agent, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server.otlp_http), {
      method: "POST",
      agent,
      headers: { "Content-Type": "application/x-protobuf", "Content-Length": body.length, ...headers },
    });
    sent.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** lane sends batch after batch until `running.on` is false; what fails is not sent again, so that nothing may be there twice. */
async function lane(running, kind, server, agent, client) {
  while (running.on) {
    const batch = nextBatch++;
    const signal = kind === "logs" ? "logs" : "traces";
    const body = signal === "logs" ? logBytes(batch) : traceBytes(batch);
    try {
      let isTaken;
      if (kind === "grpc") isTaken = await exportOver(client, body);
      else if (kind === "logs") isTaken = (await post(server, agent, "/v1/logs", body)) === 200;
      else if (kind === "gzip")
        isTaken =
          (await post(server, agent, "/v1/traces", gzipSync(body), {
            "Content-Encoding": "gzip",
          })) === 200;
      else isTaken = (await post(server, agent, "/v1/traces", body)) === 200;
      if (isTaken) {
        acknowledged[signal].add(batch);
        counts[kind]++;
      } else counts.refused++;
    } catch {
      counts.broken++;
      await sleep(5);
    }
    await sleep(chance() * 8);
  }
}

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const same = (bytes) => bytes;

function exportOver(client, body) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 10_000;
    client.makeUnaryRequest(EXPORT, same, same, body, new grpc.Metadata(), { deadline }, (error) => {
      if (error === null) resolve(true);
      else if (error.code === grpc.status.RESOURCE_EXHAUSTED) resolve(false);
      else reject(error);
    });
  });
}

/** load sends over every way at once until stop() is called, which waits for what is under way. */
function load(server) {
  const running = { on: true };
  const agent = new Agent({ keepAlive: true });
  const client = new grpc.Client(server.otlp_grpc, grpc.credentials.createInsecure());
  const lanes = ["http", "http", "gzip", "grpc", "grpc", "logs"].map((kind) =>
    lane(running, kind, server, agent, client),
  );
  return {
    async stop() {
      running.on = false;
      await Promise.all(lanes);
      agent.destroy();
      client.close();
    },
  };
}

// ------------------------------------------------------------------------------------------------------------- the rounds

/** findings compares the tables with what was acknowledged. */
async function findings(server) {
  const found = [];
  for (const signal of ["traces", "logs"]) {
    const rows = await ask(
      server,
      `SELECT reinterpretAsUInt32(reverse(unhex(substring(span_id, 1, 8)))) AS batch, count() AS rows, uniqExact(span_id) AS ids
       FROM ${signal} GROUP BY batch`,
    );
    const seen = new Map(rows.map(({ batch, rows: n, ids }) => [Number(batch), [Number(n), Number(ids)]]));
    for (const batch of acknowledged[signal])
      if (!seen.has(batch)) found.push(`${signal} batch ${batch} was acknowledged and is lost`);
    for (const [batch, [n, ids]] of seen)
      if (n !== ITEMS || ids !== ITEMS)
        found.push(`${signal} batch ${batch} has ${n} rows, ${ids} different, instead of ${ITEMS}`);
  }
  return found;
}

const began = Date.now();
let quiet = 0;
const killed = { server: 0, engine: 0, both: 0 };
let server = await start();
let bad = 0;
try {
  for (let round = 1; round <= rounds && bad === 0; round++) {
    const before = acknowledged.traces.size;
    const sending = load(server);
    await sleep(50 + chance() * (chance() < 0.3 ? 3000 : 700));
    const what = ["server", "engine", "engine", "both"][Math.floor(chance() * 4)] ?? "server";
    const engine = engineOf(server.child.pid);
    if (what !== "server" && engine !== undefined) process.kill(engine, "SIGKILL");
    if (what !== "engine") {
      process.kill(server.child.pid, "SIGKILL");
      await server.gone;
    } else {
      // The load goes on while the engine comes back; sometimes it is killed again in its first moments.
      await sleep(chance() * 600);
      const again = engineOf(server.child.pid);
      if (chance() < 0.4 && again !== undefined) process.kill(again, "SIGKILL");
    }
    await sending.stop();
    killed[what]++;
    if (acknowledged.traces.size === before) quiet++;
    if (what !== "engine") server = await start();
    await settle(server);
    const found = await findings(server);
    bad += found.length;
    for (const line of found.slice(0, 20)) console.log(`round ${round} (${what}, seed ${seed}): ${line}`);
    if (round % 10 === 0)
      console.log(
        `round ${round}: ${acknowledged.traces.size * ITEMS} spans and ${acknowledged.logs.size * ITEMS} logs acknowledged, all there once`,
      );
  }
} finally {
  server.child.kill("SIGTERM");
  await server.gone;
  if (bad === 0 && values.data === undefined) rmSync(data, { recursive: true, force: true });
}
console.log(
  JSON.stringify({
    rounds: killed.server + killed.engine + killed.both,
    killed,
    seed,
    seconds: Math.round((Date.now() - began) / 1000),
    spansAcknowledged: acknowledged.traces.size * ITEMS,
    logsAcknowledged: acknowledged.logs.size * ITEMS,
    requests: counts,
    roundsWithoutAcknowledgement: quiet,
    findings: bad,
    ...(bad > 0 ? { data } : {}),
  }),
);
process.exit(bad > 0 || acknowledged.traces.size === 0 ? 1 : 0);
