// Kills the server or the engine with kill -9 at random moments under load, again and again, and looks for what was
// acknowledged and is lost, or is there twice. Rounds take turns between a server that keeps all and one that samples.
//   npm run build && nice -n 10 node scripts/kill-nine.mjs --rounds 60 [--seed N] [--data DIR] [--only plain|sampled]
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import {
  ExportLogsServiceRequest,
  ExportTraceServiceRequest,
  encodeJson,
  encodeProtobuf,
} from "@go3s/telemetry";
import grpc from "@grpc/grpc-js";
import { fuseOtlp } from "../packages/server/dist/testing/fuse-otlp.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "60" },
    seed: { type: "string" },
    data: { type: "string" },
    only: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const root = values.data ?? mkdtempSync(join(tmpdir(), "go3s-kill-nine-"));
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
async function start({ name, options }) {
  const ports = ["--web-port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"];
  const child = spawn(
    process.execPath,
    [cli, "up", "--json", "--no-agent", "--no-web", "--data", join(root, name), ...ports, ...options],
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

/** settle waits until nothing waits in the log any more, decided or not. */
async function settle(server) {
  for (const end = Date.now() + 120_000; ; await sleep(50)) {
    const status = await (await fetch(`${server.web}/api/v1/status`)).json();
    const undecided = status.sampling?.waiting.bytes ?? 0;
    if (status.store.wal_bytes === 0 && undecided === 0 && status.store.state === "ready") return;
    if (Date.now() > end)
      throw new Error(`the log is not empty after 120 s: ${JSON.stringify([status.store, status.sampling])}`);
  }
}

// -------------------------------------------------------------------------------------------------------------- the load

const ITEMS = 100;
/** What traces wait for one that keeps them: long beside the time between the two requests of a lane, which is checked. */
const WAIT_MS = 1_500;
let nextBatch = 1;

/** A world is one data directory with its server, and what was acknowledged there: sets of batches by what must be found. */
function newWorld(name, options) {
  return {
    name,
    options,
    isSampled: options.length > 0,
    server: undefined,
    /** whole batches must be there with all items, half with every second one; nothing else of a tail batch may be. */
    whole: { traces: new Set(), logs: new Set() },
    half: new Set(),
    tails: new Set(),
    /** Traces that are kept for an error of an earlier round: late spans of theirs must be kept. */
    decided: [],
  };
}
const counts = { refused: 0, broken: 0, slow: 0 };
const countOf = (kind) => {
  counts[kind] = (counts[kind] ?? 0) + 1;
};

function idOf(batch, index) {
  const id = Buffer.alloc(8);
  id.writeUInt32BE(batch, 0);
  id.writeUInt32BE(index + 1, 4);
  return id.toString("hex");
}

/** Ids that end so are kept whatever the ratio, those that idOf makes are not (--sample 0.5: the highest bit of the last 56). */
const KEPT = "ffffffffffffffff";
const keptId = (batch, index) => idOf(batch, index) + KEPT;
const quietId = (batch, index) => idOf(batch, index) + idOf(batch, index);

function traceRequest(batch, more) {
  const time = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: ITEMS }, (_, i) => ({
    spanId: idOf(batch, i),
    name: `GET /${i % 10}`,
    kind: 2,
    startTimeUnixNano: time,
    endTimeUnixNano: time + 1000n,
    attributes: [{ key: "batch", value: { stringValue: String(batch) } }],
    traceId: keptId(batch, i),
    ...more?.(i),
  })).filter(({ traceId }) => traceId !== undefined);
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}

const traceBytes = (batch, more) =>
  Buffer.from(encodeProtobuf(ExportTraceServiceRequest, traceRequest(batch, more)));

function logBytes(batch) {
  const timeUnixNano = BigInt(Date.now()) * 1_000_000n;
  const logRecords = Array.from({ length: ITEMS }, (_, i) => ({
    timeUnixNano,
    traceId: keptId(batch, i),
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

/** WAYS send one batch and tell whether it was acknowledged. */
const WAYS = {
  http: async ({ server, agent }, batch) =>
    (await post(server, agent, "/v1/traces", traceBytes(batch))) === 200,
  gzip: async ({ server, agent }, batch) =>
    (await post(server, agent, "/v1/traces", gzipSync(traceBytes(batch)), { "Content-Encoding": "gzip" })) ===
    200,
  json: async ({ server, agent }, batch) => {
    const body = Buffer.from(encodeJson(ExportTraceServiceRequest, traceRequest(batch)));
    return (await post(server, agent, "/v1/traces", body, { "Content-Type": "application/json" })) === 200;
  },
  grpc: ({ client }, batch) => exportOver(client, traceBytes(batch)),
  logs: async ({ server, agent }, batch) => (await post(server, agent, "/v1/logs", logBytes(batch))) === 200,
  fused: async ({ server, agent }, batch) => {
    const parts = { traces: traceBytes(batch), logs: logBytes(batch), metrics: new Uint8Array(0) };
    return (await post(server, agent, "/v1/fused", fuseOtlp(parts))) === 200;
  },
};
const signalsOf = (kind) => (kind === "logs" ? ["logs"] : kind === "fused" ? ["traces", "logs"] : ["traces"]);

/** tail sends spans that nothing keeps, then errors of every second of their traces, sometimes by gRPC or fused. */
async function tail(to, world) {
  const send = async (body) => {
    const way = chance();
    if (way < 0.3) return await exportOver(to.client, body);
    if (way < 0.6) {
      const parts = { traces: body, logs: new Uint8Array(0), metrics: new Uint8Array(0) };
      return (await post(to.server, to.agent, "/v1/fused", fuseOtlp(parts))) === 200;
    }
    return (await post(to.server, to.agent, "/v1/traces", body)) === 200;
  };
  const [batch, errors] = [nextBatch++, nextBatch++];
  world.tails.add(batch);
  world.tails.add(errors);
  const began = Date.now();
  if (!(await send(traceBytes(batch, (i) => ({ traceId: quietId(batch, i) }))))) return false;
  await sleep(chance() * 30);
  const failed = (i) => ({ traceId: i % 2 === 0 ? quietId(batch, i) : undefined, status: { code: 2 } });
  if (!(await send(traceBytes(errors, failed)))) return false;
  world.half.add(errors);
  if (Date.now() - began < WAIT_MS / 2) {
    world.half.add(batch);
    if (world.decided.length < 1000) world.decided.push(batch);
  } else countOf("slow");
  return true;
}

/** late sends spans of traces that were kept in an earlier round: they have the same verdict, whatever died in between. */
async function late(to, world) {
  const kept = world.decided[Math.floor(chance() * world.decided.length)];
  if (kept === undefined) return false;
  const batch = nextBatch++;
  world.tails.add(batch);
  const more = (i) => ({ traceId: quietId(kept, i - (i % 2)) });
  if ((await post(to.server, to.agent, "/v1/traces", traceBytes(batch, more))) !== 200) return false;
  world.whole.traces.add(batch);
  return true;
}

/** lane sends batch after batch until `running.on` is false; what fails is not sent again, so that nothing may be there twice. */
async function lane(running, kind, to, world) {
  while (running.on) {
    try {
      let isTaken;
      if (kind === "tail") isTaken = await tail(to, world);
      else if (kind === "late") isTaken = await late(to, world);
      else {
        const batch = nextBatch++;
        isTaken = await WAYS[kind](to, batch);
        if (isTaken) for (const signal of signalsOf(kind)) world.whole[signal].add(batch);
      }
      countOf(isTaken ? kind : "refused");
    } catch {
      countOf("broken");
      await sleep(5);
    }
    await sleep(chance() * (kind === "late" ? 50 : 8));
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
function load(world) {
  const { server } = world;
  const running = { on: true };
  const agent = new Agent({ keepAlive: true });
  const client = new grpc.Client(server.otlp_grpc, grpc.credentials.createInsecure());
  const kinds = ["http", "http", "gzip", "json", "grpc", "grpc", "logs", "fused"];
  const lanes = [...kinds, ...(world.isSampled ? ["tail", "tail", "tail", "late"] : [])].map((kind) =>
    lane(running, kind, { server, agent, client }, world),
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

const lost = { batches: 0 };
const doubled = { batches: 0 };

/** findings compares the tables with what was acknowledged. */
async function findings(world) {
  const found = [];
  const miss = (text) => {
    lost.batches++;
    found.push(text);
  };
  for (const signal of ["traces", "logs"]) {
    const rows = await ask(
      world.server,
      `SELECT reinterpretAsUInt32(reverse(unhex(substring(span_id, 1, 8)))) AS batch, count() AS rows, uniqExact(span_id) AS ids,
       countIf(reinterpretAsUInt32(reverse(unhex(substring(span_id, 9, 8)))) % 2 = 0) AS odd FROM ${signal} GROUP BY batch`,
    );
    const seen = new Map(rows.map((row) => [Number(row.batch), row]));
    for (const batch of world.whole[signal])
      if (!seen.has(batch)) miss(`${signal} batch ${batch} was acknowledged and is lost`);
    if (signal === "traces")
      for (const batch of world.half)
        if (!seen.has(batch)) miss(`batch ${batch} waited, was to be kept and is lost`);
    for (const [batch, row] of seen) {
      const [n, ids, odd] = [Number(row.rows), Number(row.ids), Number(row.odd)];
      if (n !== ids) {
        doubled.batches++;
        found.push(`${signal} batch ${batch} has ${n} rows of ${ids} items`);
      }
      const isTail = signal === "traces" && world.tails.has(batch);
      if (isTail && !world.whole.traces.has(batch)) {
        if (odd > 0 && world.half.has(batch))
          found.push(`batch ${batch}: ${odd} spans were kept that nothing keeps`);
        if (world.half.has(batch) && ids - odd !== ITEMS / 2)
          miss(`batch ${batch} has ${ids - odd} spans that were to be kept, instead of ${ITEMS / 2}`);
      } else if (ids !== ITEMS) miss(`${signal} batch ${batch} has ${ids} items instead of ${ITEMS}`);
    }
  }
  return found;
}

const began = Date.now();
const worlds = [
  newWorld("plain", []),
  newWorld("sampled", ["--sample", "0.5", "--sample-wait", `${WAIT_MS}ms`]),
].filter(({ name }) => values.only === undefined || values.only === name);
const sizeOf = ({ whole, half }) => whole.traces.size + whole.logs.size + half.size;
let quiet = 0;
const killed = { server: 0, engine: 0, both: 0 };
let bad = 0;
try {
  for (const world of worlds) world.server = await start(world);
  for (let round = 1; round <= rounds && bad === 0; round++) {
    const world = worlds[round % worlds.length];
    const before = sizeOf(world);
    const sending = load(world);
    await sleep(50 + chance() * (chance() < 0.3 ? 3000 : 700));
    const what = ["server", "engine", "engine", "both"][Math.floor(chance() * 4)] ?? "server";
    const engine = engineOf(world.server.child.pid);
    if (what !== "server" && engine !== undefined) process.kill(engine, "SIGKILL");
    if (what !== "engine") {
      process.kill(world.server.child.pid, "SIGKILL");
      await world.server.gone;
    } else {
      // The load goes on while the engine comes back; sometimes it is killed again in its first moments.
      await sleep(chance() * 600);
      const again = engineOf(world.server.child.pid);
      if (chance() < 0.4 && again !== undefined) process.kill(again, "SIGKILL");
    }
    await sending.stop();
    killed[what]++;
    if (sizeOf(world) === before) quiet++;
    if (what !== "engine") world.server = await start(world);
    if (what !== "engine" && chance() < 0.3) {
      // Again, while it looks through what was left, or decides it.
      await sleep(chance() * 2 * WAIT_MS);
      process.kill(world.server.child.pid, "SIGKILL");
      await world.server.gone;
      killed.server++;
      world.server = await start(world);
    }
    await settle(world.server);
    const found = await findings(world);
    bad += found.length;
    for (const line of found.slice(0, 20))
      console.log(`round ${round} (${world.name}, ${what}, seed ${seed}): ${line}`);
    if (round % 10 === 0)
      console.log(
        `round ${round}: ${worlds.map((each) => `${each.name} ${sizeOf(each)}`).join(", ")} batches`,
      );
  }
} finally {
  for (const { server } of worlds) server?.child.kill("SIGTERM");
  await Promise.all(worlds.map(({ server }) => server?.gone));
  if (bad === 0 && values.data === undefined) rmSync(root, { recursive: true, force: true });
}
const spans = worlds.reduce(
  (sum, { whole, half }) => sum + whole.traces.size * ITEMS + (half.size * ITEMS) / 2,
  0,
);
console.log(
  JSON.stringify({
    rounds,
    killed,
    seed,
    seconds: Math.round((Date.now() - began) / 1000),
    spansAcknowledged: spans,
    ofThemDecidedLater: worlds.reduce((sum, { half }) => sum + (half.size * ITEMS) / 2, 0),
    logsAcknowledged: worlds.reduce((sum, { whole }) => sum + whole.logs.size, 0) * ITEMS,
    batchesLost: lost.batches,
    batchesDoubled: doubled.batches,
    requests: counts,
    roundsWithoutAcknowledgement: quiet,
    findings: bad,
    ...(bad > 0 ? { data: root } : {}),
  }),
);
process.exit(bad > 0 || spans === 0 ? 1 : 0);
