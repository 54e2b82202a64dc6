import { parseArgs } from "node:util";
import { type LoadShape, newLoadRequest, spansPerRequest } from "./load/requests.js";
import { grpcSender, httpSender, type Sender } from "./load/senders.js";
import { type RunningGo3s, startGo3s } from "./measure/go3s.js";
import { costOf, descendants, median, pause } from "./measure/processes.js";
import { mebibytes, printTable, thousands } from "./measure/table.js";

/** warmSeconds is left out of the figures: until then V8 has compiled what is hot, in the generator too. */
const warmSeconds = 3;
/** agentEvery_ms is how often an agent beside a busy service sends. */
const agentEvery_ms = 100;

/** Load is one way of sending. */
interface Load {
  readonly shape: LoadShape;
  /** inFlight requests are under way at once; with a pace it is the most that may be. */
  readonly inFlight: number;
  /** pace_ms is the time between two requests; undefined sends as soon as one is acknowledged. */
  readonly pace_ms: number | undefined;
}

/** Driven is what one run of a load came to. */
interface Driven {
  readonly acknowledged: number;
  readonly latencies_ms: readonly number[];
  /** late requests were due while inFlight others were still under way. */
  readonly late: number;
}

/**
 * ingest sends spans with fresh random ids, as fast as they are acknowledged or at a rate, and counts what is found
 * afterwards. CPU time is what the processes of Go3s used, from the first measured request until every row is in the
 * tables; the generator's own stands apart.
 */
export async function ingest(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string" },
      rate: { type: "string" },
      "in-flight": { type: "string", default: "64" },
    },
  });
  const rate = values.rate === undefined ? undefined : Number(values.rate);
  const seconds = Number(values.seconds ?? (rate === undefined ? 15 : 30));
  const inFlight = Number(values["in-flight"]);
  const load: Load =
    rate === undefined
      ? { shape: { spans: spansPerRequest }, inFlight, pace_ms: undefined }
      : {
          shape: { spans: Math.max(1, Math.round((rate * agentEvery_ms) / 1000)), inOrder_ms: agentEvery_ms },
          inFlight,
          pace_ms: agentEvery_ms,
        };
  const rows: string[][] = [];
  for (const way of ["OTLP/HTTP protobuf", "OTLP/gRPC"] as const) {
    const go3s = await startGo3s(["--no-agent", "--no-web"]);
    const sender = way === "OTLP/gRPC" ? grpcSender(go3s.otlpGrpc, 4) : httpSender(go3s.otlpHttp, inFlight);
    try {
      rows.push(await measure(way, go3s, sender, load, seconds));
    } finally {
      sender.close();
      await go3s.stop();
    }
  }
  const pace = load.pace_ms === undefined ? `${inFlight} requests in flight` : `one every ${load.pace_ms} ms`;
  console.log(
    `\n${load.shape.spans} spans a request, 10 attributes each, ${pace}, ${seconds} s after ${warmSeconds} s to warm up; CPU in us a span (= s a million); the generator runs on the same cores`,
  );
  printTable(
    [
      "way",
      "acknowledged/s",
      "p50 ms",
      "server CPU",
      "engine CPU",
      "together",
      "generator",
      "peak memory",
      "disk B/span",
      "parts",
      "found",
    ],
    rows,
  );
}

async function measure(
  way: string,
  go3s: RunningGo3s,
  sender: Sender,
  load: Load,
  seconds: number,
): Promise<string[]> {
  const engines = descendants(go3s.pid).filter((each) => each.pid !== go3s.pid);
  const engineCpu = (): number => engines.reduce((sum, { pid }) => sum + costOf(pid).cpuSeconds, 0);
  const warm = await drive(sender, load, warmSeconds);
  const before = { server: costOf(go3s.pid).cpuSeconds, engine: engineCpu(), own: process.cpuUsage() };
  const start = performance.now();
  const driven = await drive(sender, load, seconds);
  const elapsed = (performance.now() - start) / 1000;
  const own = process.cpuUsage(before.own);
  const sent = warm.acknowledged + driven.acknowledged;
  const found = await settled(go3s, sent);
  const server = costOf(go3s.pid);
  const per = (cpuSeconds: number): string => ((cpuSeconds * 1e6) / driven.acknowledged).toFixed(2);
  const serverCpu = server.cpuSeconds - before.server;
  const ofEngine = engineCpu() - before.engine;
  const { bytes, parts } = await sizeOnDisk(go3s);
  const enginePeak = engines.reduce((sum, { pid }) => sum + costOf(pid).peakBytes, 0);
  return [
    way,
    thousands(driven.acknowledged / elapsed),
    median(driven.latencies_ms).toFixed(0) + (driven.late > 0 ? ` (${driven.late} late)` : ""),
    per(serverCpu),
    per(ofEngine),
    per(serverCpu + ofEngine),
    per((own.user + own.system) / 1e6),
    `${mebibytes(server.peakBytes)} + ${mebibytes(enginePeak)}`,
    (bytes / found).toFixed(1),
    String(parts),
    found === sent ? `all ${thousands(found)}` : `${thousands(found)} of ${thousands(sent)}`,
  ];
}

/** sizeOnDisk asks the engine, which tells a reader about the tables it may read. */
async function sizeOnDisk(go3s: RunningGo3s): Promise<{ bytes: number; parts: number }> {
  const rows = await go3s
    .query(
      "SELECT sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts WHERE active AND database = 'go3s' AND table = 'span_rows'",
    )
    .catch(() => []);
  return { bytes: Number(rows[0]?.["bytes"]), parts: Number(rows[0]?.["parts"]) };
}

/** drive sends a load for some seconds and waits for the last acknowledgement. */
async function drive(sender: Sender, load: Load, seconds: number): Promise<Driven> {
  const until = performance.now() + seconds * 1000;
  const latencies_ms: number[] = [];
  let acknowledged = 0;
  let late = 0;
  const spare = Array.from({ length: load.inFlight }, () => newLoadRequest("bench", load.shape));
  const sendOne = async (): Promise<void> => {
    const request = spare.pop();
    if (request === undefined) {
      late++;
      return;
    }
    request.renew();
    const began = performance.now();
    await sender.send(request.body);
    latencies_ms.push(performance.now() - began);
    acknowledged += load.shape.spans;
    spare.push(request);
  };
  if (load.pace_ms === undefined) {
    const worker = async (): Promise<void> => {
      while (performance.now() < until) await sendOne();
    };
    await Promise.all(Array.from({ length: load.inFlight }, worker));
  } else {
    const running: Promise<void>[] = [];
    for (let due = performance.now(); due < until; due += load.pace_ms) {
      await pause(Math.max(0, due - performance.now()));
      running.push(sendOne());
    }
    await Promise.all(running);
  }
  return { acknowledged, latencies_ms, late };
}

/** settled waits until all that was sent is found, 60 s at most, and gives the number of rows. */
async function settled(go3s: RunningGo3s, sent: number): Promise<number> {
  let found = 0;
  for (let i = 0; i < 120; i++) {
    const [row] = await go3s.query("SELECT count() AS n FROM traces");
    found = Number(row?.["n"]);
    if (found >= sent) break;
    await pause(500);
  }
  return found;
}
