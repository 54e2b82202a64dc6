// Sends broken requests of every kind that the OTLP ports take, and looks for anything but a clear answer: 5xx, a crash, memory
// that grows, rows that the engine refuses. The server samples, so that requests go both ways.
//   npm run build && nice -n 15 node scripts/fuzz-requests.mjs [--decode 200000] [--http 20000] [--seed 1]
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fire, newFuzzTarget, shotOf } from "../packages/server/dist/testing/fuzz-requests.js";
import { chanceOf, mutateBytes } from "../packages/server/dist/testing/mutate.js";

const { values } = parseArgs({
  options: {
    decode: { type: "string", default: "200000" },
    http: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
  },
});
const first = Number(values.seed);
let findings = 0;
function finding(text) {
  if (findings++ < 20) console.log(text);
}
const statuses = new Map();
const countStatus = (status) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
const mib = (bytes) => Math.round(bytes / 1048576);
/** Resident memory of each 100,000 requests: flat, or something is kept that should not be. */
const LOOK = 100_000;
const began = Date.now();
function look(what, done, ...bytes) {
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(
    `${what}: ${done} requests after ${seconds} s, RSS ${bytes.map(mib).join(" + ")} MiB, ${findings} findings`,
  );
}

// --------------------------------------------------------------------------------------------------------- without sockets

async function decodeAll(count) {
  const target = await newFuzzTarget();
  let slowest = 0;
  let slowestAt = 0;
  let settled = 0;
  const began = performance.now();
  for (let number = first; number < first + count; number++) {
    const shot = shotOf(number);
    const started = performance.now();
    const { status, error } = await fire(target, shot);
    const took = performance.now() - started;
    if (took > slowest) [slowest, slowestAt] = [took, number];
    countStatus(status);
    // Far above what a pause of the machine takes: a few bytes that keep a server busy are an attack.
    if (took > 5_000)
      finding(`request ${number} (${shot.kind.name}, ${shot.body.length} bytes) took ${Math.round(took)} ms`);
    if (status >= 500) finding(`request ${number} (${shot.kind.name}, ${shot.encoding}): ${error?.stack}`);
    if (number === first + Math.floor(count / 4)) settled = process.memoryUsage.rss();
    if ((number - first + 1) % LOOK === 0) look("decode", number - first + 1, process.memoryUsage.rss());
  }
  const rss = process.memoryUsage.rss();
  if (count >= 50_000 && rss > settled + (256 << 20))
    finding(`memory grew from ${mib(settled)} to ${mib(rss)} MiB after the first quarter`);
  report("decode", count, began, {
    rows: target.taken.rows,
    slowestMs: Math.round(slowest),
    slowestAt,
    rssMiB: [mib(settled), mib(rss)],
  });
}

function report(what, count, began, more) {
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const told = Object.fromEntries([...statuses].sort(([a], [b]) => String(a).localeCompare(String(b))));
  console.log(JSON.stringify({ what, count, seconds, findings, statuses: told, ...more }));
  statuses.clear();
}

// ------------------------------------------------------------------------------------------------------------ over sockets

async function startServer(data) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const cli = join(root, "packages", "cli", "bin", "go3s.js");
  const ports = ["--web-port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"];
  const child = spawn(
    process.execPath,
    [cli, "up", "--json", "--no-agent", "--no-web", "--data", data, ...ports, "--sample", "0.3"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const state = { isGone: false };
  const gone = new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      state.isGone = true;
      resolve(`${code ?? signal}`);
    });
  });
  const ready = await new Promise((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => resolve(JSON.parse(line)));
    void gone.then((how) => reject(new Error(`go3s up ended with ${how}`)));
  });
  return { child, gone, state, ...ready };
}

function post(server, agent, { kind, encoding, body }) {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": kind.type };
    if (kind.snappy) headers["Content-Encoding"] = "snappy";
    else if (encoding !== "identity") headers["Content-Encoding"] = encoding;
    const sent = request(new URL(kind.path, server.otlp_http), { method: "POST", agent, headers });
    sent.setTimeout(30_000, () => sent.destroy(new Error("no answer within 30 s")));
    sent.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** raw sends bytes that are HTTP only more or less; a closed connection is an answer too. */
function raw(server, bytes) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.otlp_http);
    const socket = connect(Number(port), hostname);
    let got = "";
    const timer = setTimeout(() => socket.destroy(), 2_000);
    socket.on("data", (part) => {
      got += part.toString("latin1");
      if (/\r\n\r\n/.test(got)) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      const status = /^HTTP\/1\.1 (\d+)/.exec(got)?.[1];
      if (got !== "" && status === undefined) reject(new Error(`no HTTP: ${got.slice(0, 60)}`));
      else resolve(status === undefined ? "closed" : Number(status));
    });
    socket.end(bytes);
  });
}

/** unary sends one gRPC message, framed rightly or not, and gives its grpc-status. */
function unary(session, path, message, chance) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const frame =
    chance() < 0.2
      ? mutateBytes(Buffer.concat([head, message]), chance, message)
      : Buffer.concat([head, message]);
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc+proto",
      te: "trailers",
      ...(chance() < 0.1 ? { "grpc-encoding": "gzip" } : {}),
    });
    let code;
    const take = (headers) => {
      code = headers["grpc-status"] ?? code;
    };
    stream.setTimeout(30_000, () => stream.destroy(new Error("no answer within 30 s")));
    stream.on("response", take).on("trailers", take);
    stream.on("error", (error) =>
      error.code === "ERR_HTTP2_STREAM_ERROR" ? resolve("reset") : reject(error),
    );
    stream.on("close", () => resolve(code === undefined ? "reset" : Number(code)));
    stream.resume();
    stream.end(frame);
  });
}

async function oneOver(server, agent, session, number) {
  const chance = chanceOf(number * 7 + 3);
  const shot = shotOf(number);
  const way = chance();
  if (way < 0.2 && shot.kind.service !== undefined) {
    const code = await unary(session, shot.kind.service, shot.body, chance);
    countStatus(`grpc ${code}`);
    // UNKNOWN, INTERNAL and DATA_LOSS would be faults of ours.
    if (code === 2 || code === 13 || code === 15)
      finding(`request ${number} (gRPC ${shot.kind.name}): status ${code}`);
    return;
  }
  if (way < 0.3) {
    const head = `POST ${shot.kind.path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${shot.kind.type}\r\nContent-Length: ${shot.body.length}\r\n\r\n`;
    const status = await raw(
      server,
      mutateBytes(Buffer.concat([Buffer.from(head), shot.body]), chance, shot.body),
    );
    countStatus(`raw ${status}`);
    if (typeof status === "number" && status >= 500) finding(`request ${number} (raw): status ${status}`);
    return;
  }
  const status = await post(server, agent, shot);
  countStatus(status);
  if (status >= 500) finding(`request ${number} (${shot.kind.name}, ${shot.encoding}): status ${status}`);
}

const rssOf = (pid) =>
  pid === undefined
    ? 0
    : Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;

/** engineOf finds the server's one child. */
function engineOf(pid) {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? undefined : Number(text.split(" ")[0]);
}

async function overSockets(count) {
  const data = mkdtempSync(join(tmpdir(), "go3s-fuzz-"));
  const server = await startServer(data);
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const session = connectHttp2(`http://${server.otlp_grpc}`);
  session.on("error", (error) => finding(`the gRPC connection broke: ${error.message}`));
  const began = performance.now();
  let next = first;
  let settled = 0;
  try {
    const lane = async () => {
      while (next < first + count && !server.state.isGone) {
        const number = next++;
        await oneOver(server, agent, session, number).catch((error) =>
          finding(`request ${number}: ${error.stack}`),
        );
        if (number === first + Math.floor(count / 2)) settled = rssOf(server.pid);
        if ((number - first + 1) % (LOOK / 2) === 0)
          look("http", number - first + 1, rssOf(server.pid), rssOf(engineOf(server.pid)));
      }
    };
    await Promise.all(Array.from({ length: 16 }, lane));
    if (server.state.isGone) throw new Error(`the server ended with ${await server.gone}`);
    const rss = rssOf(server.pid);
    if (count >= 10_000 && rss > settled + (200 << 20))
      finding(`memory grew from ${mib(settled)} to ${mib(rss)} MiB after the first half`);
    let status = await (await fetch(`${server.web}/api/v1/status`)).json();
    for (let tries = 0; status.store.wal_bytes > 0 && tries < 300; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      status = await (await fetch(`${server.web}/api/v1/status`)).json();
    }
    if (status.store.wal_bytes > 0)
      finding(`the engine does not take what was acknowledged: ${status.store.reason}`);
    if (status.sampling.failure !== "") finding(`what waits cannot be decided: ${status.sampling.failure}`);
    for (const { place, reason, count: rows } of status.dropped)
      if (place === "store") finding(`${rows} rows that were acknowledged are set aside: ${reason}`);
    report("http", count, began, {
      ingest: status.ingest,
      sampling: status.sampling,
      rssMiB: [mib(settled), mib(rss)],
    });
  } finally {
    session.destroy();
    agent.destroy();
    server.child.kill("SIGTERM");
    await server.gone;
    rmSync(data, { recursive: true, force: true });
  }
}

if (Number(values.decode) > 0) await decodeAll(Number(values.decode));
if (Number(values.http) > 0) await overSockets(Number(values.http));
process.exit(findings > 0 ? 1 : 0);
