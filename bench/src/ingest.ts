import { parseArgs } from "node:util";
import { type Acknowledgements, drive, type Load } from "./load/drive.js";
import { type LoadShape, spansPerRequest } from "./load/requests.js";
import { grpcSender, httpSender, type Sender } from "./load/senders.js";
import { freshSupply, packedSupply, type Supply } from "./load/supply.js";
import { type RunningGo3s, startGo3s } from "./measure/go3s.js";
import { costOf, descendants, median, pause } from "./measure/processes.js";
import { mebibytes, printTable, thousands } from "./measure/table.js";
import { watch } from "./measure/watch.js";

/** warmSeconds is left out of the figures: until then V8 has compiled what is hot, in the generator too. */
const warmSeconds = 3;
/** agentEvery_ms is how often an agent beside a busy service sends. */
const agentEvery_ms = 100;
/** packedMost spans a second are prepared for `gzip`; when they are used up the run ends. */
const packedMost = 500_000;

/** slopeSeconds is what a run must have for its memory's growth to be more than one merge's. */
const slopeSeconds = 60;

const ways = {
  http: "OTLP/HTTP protobuf",
  grpc: "OTLP/gRPC",
  gzip: "OTLP/HTTP gzip",
} as const;
type Way = keyof typeof ways;

/** Setup is what one run is made of. */
interface Setup {
  readonly load: Load;
  readonly shape: LoadShape;
  readonly seconds: number;
}

/**
 * ingest sends spans with fresh random ids, as fast as they are acknowledged or at a rate, and counts what is found
 * afterwards. CPU time is what the processes of Go3s used, from the first measured request until every row is in the
 * tables; the generator's own stands apart, and what it compresses is compressed before.
 */
export async function ingest(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string" },
      rate: { type: "string" },
      "in-flight": { type: "string", default: "64" },
      way: { type: "string", multiple: true },
      gzip: { type: "boolean", default: false },
      peer: { type: "string" },
      "peer-pid": { type: "string" },
    },
  });
  const rate = values.rate === undefined ? undefined : Number(values.rate);
  const seconds = Number(values.seconds ?? (rate === undefined ? 15 : 30));
  const inFlight = Number(values["in-flight"]);
  const spans = rate === undefined ? spansPerRequest : Math.max(1, Math.round((rate * agentEvery_ms) / 1000));
  const setup: Setup = {
    shape: rate === undefined ? { spans } : { spans, inOrder_ms: agentEvery_ms },
    load: { spans, inFlight, pace_ms: rate === undefined ? undefined : agentEvery_ms },
    seconds,
  };
  const rows: string[][] = [];
  for (const way of chosenWays(values.way, values.gzip)) rows.push(await run(way, setup));
  if (values.peer !== undefined) rows.push(await runPeer(values.peer, Number(values["peer-pid"]), setup));
  const pace =
    setup.load.pace_ms === undefined ? `${inFlight} requests in flight` : `one every ${agentEvery_ms} ms`;
  console.log(
    `\n${spans} spans a request, 10 attributes each, ${pace}, ${seconds} s after ${warmSeconds} s to warm up; CPU in us a span (= s a million); the generator runs on the same cores`,
  );
  printTable(
    [
      "way",
      "acknowledged/s",
      "p50 ms",
      "server CPU",
      "engine CPU",
      "together",
      "spans/CPU-s",
      "generator",
      "peak memory",
      "at most",
      "growth",
      "queryable",
      "disk B/span",
      "parts",
      "found",
    ],
    rows,
  );
  console.log(
    "peak memory: each process's own, server + engine; at most: their sum, seen once a second; growth: of that sum, a minute, over the last two thirds, from 60 s on; queryable: how old an acknowledged span was at most when it could be queried, seen once a second",
  );
}

function chosenWays(named: readonly string[] | undefined, withGzip: boolean): Way[] {
  const chosen: Way[] = [];
  for (const name of (named ?? ["http", "grpc"]).flatMap((each) => each.split(","))) {
    if (name !== "http" && name !== "grpc" && name !== "gzip")
      throw new Error(`--way takes ${Object.keys(ways).join(", ")}, not ${name}`);
    chosen.push(name);
  }
  return withGzip && !chosen.includes("gzip") ? [...chosen, "gzip"] : chosen;
}

async function run(way: Way, setup: Setup): Promise<string[]> {
  const { shape, load, seconds } = setup;
  const enough = Math.ceil(((warmSeconds + seconds) * packedMost) / load.spans);
  const supply = way === "gzip" ? await packedSupply(shape, enough) : freshSupply(shape, load.inFlight);
  const go3s = await startGo3s(["--no-agent", "--no-web"]);
  const sender =
    way === "grpc"
      ? grpcSender(go3s.otlpGrpc, Math.max(4, Math.ceil(load.inFlight / 32)))
      : httpSender(go3s.otlpHttp, load.inFlight, way === "gzip" ? "gzip" : undefined);
  try {
    return await measure(ways[way], go3s, sender, supply, setup);
  } finally {
    sender.close();
    await go3s.stop();
  }
}

/** runPeer drives another OTLP/HTTP server that runs already; what it keeps, nobody asks here. */
async function runPeer(url: string, pid: number, { shape, load, seconds }: Setup): Promise<string[]> {
  if (!Number.isInteger(pid)) throw new Error("--peer needs --peer-pid, whose CPU time is told");
  const sender = httpSender(url, load.inFlight);
  const supply = freshSupply(shape, load.inFlight);
  const acknowledgements: Acknowledgements = { total: 0, times_ms: [], totals: [] };
  try {
    await drive(sender, supply, load, warmSeconds, acknowledgements);
    const cpu = (): number => descendants(pid).reduce((sum, each) => sum + costOf(each.pid).cpuSeconds, 0);
    const before = { peer: cpu(), own: process.cpuUsage() };
    const driven = await drive(sender, supply, load, seconds, acknowledgements);
    const own = process.cpuUsage(before.own);
    const used = cpu() - before.peer;
    const per = (cpuSeconds: number): string => ((cpuSeconds * 1e6) / driven.acknowledged).toFixed(2);
    const rate = thousands(driven.acknowledged / driven.elapsed_s);
    const latency = median(driven.latencies_ms).toFixed(0);
    const generator = per((own.user + own.system) / 1e6);
    const peak = mebibytes(descendants(pid).reduce((sum, each) => sum + costOf(each.pid).peakBytes, 0));
    return [
      `peer at ${url}`,
      rate,
      latency,
      "",
      "",
      per(used),
      thousands(driven.acknowledged / used),
      generator,
      peak,
    ];
  } finally {
    sender.close();
  }
}

async function measure(
  way: string,
  go3s: RunningGo3s,
  sender: Sender,
  supply: Supply,
  { load, seconds }: Setup,
): Promise<string[]> {
  const engines = descendants(go3s.pid).filter((each) => each.pid !== go3s.pid);
  const engineCpu = (): number => engines.reduce((sum, { pid }) => sum + costOf(pid).cpuSeconds, 0);
  const acknowledgements: Acknowledgements = { total: 0, times_ms: [], totals: [] };
  await drive(sender, supply, load, warmSeconds, acknowledgements);
  const before = { server: costOf(go3s.pid).cpuSeconds, engine: engineCpu(), own: process.cpuUsage() };
  const pids = [go3s.pid, ...engines.map(({ pid }) => pid)];
  const watching = watch(pids, async () => (await partsOf(go3s)).rows, acknowledgements);
  const driven = await drive(sender, supply, load, seconds, acknowledgements);
  const own = process.cpuUsage(before.own);
  const watched = await watching.stop();
  const sent = acknowledgements.total;
  const found = await settled(go3s, sent);
  const server = costOf(go3s.pid);
  const per = (cpuSeconds: number): string => ((cpuSeconds * 1e6) / driven.acknowledged).toFixed(2);
  const serverCpu = server.cpuSeconds - before.server;
  const ofEngine = engineCpu() - before.engine;
  const { bytes, parts } = await partsOf(go3s);
  const enginePeak = engines.reduce((sum, { pid }) => sum + costOf(pid).peakBytes, 0);
  const isShort = driven.elapsed_s < seconds * 0.95;
  return [
    way,
    thousands(driven.acknowledged / driven.elapsed_s) +
      (isShort ? ` (${driven.elapsed_s.toFixed(0)} s)` : ""),
    median(driven.latencies_ms).toFixed(0) + (driven.late > 0 ? ` (${driven.late} late)` : ""),
    per(serverCpu),
    per(ofEngine),
    per(serverCpu + ofEngine),
    thousands(driven.acknowledged / (serverCpu + ofEngine)),
    per((own.user + own.system) / 1e6),
    `${mebibytes(server.peakBytes)} + ${mebibytes(enginePeak)}`,
    mebibytes(watched.peakBytes),
    seconds < slopeSeconds ? "-" : mebibytes(watched.slope),
    `${watched.oldest_s.toFixed(1)} s`,
    (bytes / found).toFixed(1),
    String(parts),
    found === sent ? `all ${thousands(found)}` : `${thousands(found)} of ${thousands(sent)}`,
  ];
}

/** Parts is what the engine has of spans: all of it can be queried. */
interface Parts {
  readonly rows: number;
  readonly bytes: number;
  readonly parts: number;
}

/** partsOf asks the engine's own table, which costs it nothing beside the load; it tells a reader what it may read. */
async function partsOf(go3s: RunningGo3s): Promise<Parts> {
  const [row] = await go3s
    .query(
      "SELECT sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts WHERE active AND database = 'go3s' AND table IN ('traces', 'span_rows')",
    )
    .catch(() => []);
  return { rows: Number(row?.["rows"]), bytes: Number(row?.["bytes"]), parts: Number(row?.["parts"]) };
}

/** rowsOf counts spans as anybody asks for them. */
async function rowsOf(go3s: RunningGo3s): Promise<number> {
  const [row] = await go3s.query("SELECT count() AS n FROM traces");
  return Number(row?.["n"]);
}

/** settled waits until all that was sent is found, 60 s at most, and gives the number of rows. */
async function settled(go3s: RunningGo3s, sent: number): Promise<number> {
  let found = 0;
  for (let i = 0; i < 120; i++) {
    found = await rowsOf(go3s);
    if (found >= sent) break;
    await pause(500);
  }
  return found;
}
