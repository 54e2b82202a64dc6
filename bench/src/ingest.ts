import { parseArgs } from "node:util";
import { newLoadRequest, spansPerRequest } from "./load/requests.js";
import { grpcSender, httpSender, type Sender } from "./load/senders.js";
import { type RunningGo3s, startGo3s } from "./measure/go3s.js";
import { costOf, descendants, pause } from "./measure/processes.js";
import { mebibytes, printTable, thousands } from "./measure/table.js";

const inFlight = 16;

/** ingest sends spans with fresh random ids as fast as they are acknowledged and counts what is found afterwards. */
export async function ingest(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { seconds: { type: "string", default: "15" } } });
  const seconds = Number(values.seconds);
  const rows: string[][] = [];
  for (const way of ["OTLP/HTTP protobuf", "OTLP/gRPC"] as const) {
    const go3s = await startGo3s(["--no-agent", "--no-web"]);
    try {
      const sender = way === "OTLP/gRPC" ? grpcSender(go3s.otlpGrpc, 4) : httpSender(go3s.otlpHttp, inFlight);
      rows.push(await measure(way, go3s, sender, seconds));
      sender.close();
    } finally {
      await go3s.stop();
    }
  }
  console.log(
    `\n${spansPerRequest} spans a request, 10 attributes each, ${inFlight} requests in flight, ${seconds} s; the generator runs on the same cores`,
  );
  printTable(
    [
      "way",
      "acknowledged/s",
      "CPU-s per M",
      "of it engine",
      "generator",
      "peak memory",
      "disk B/span",
      "found",
    ],
    rows,
  );
}

async function measure(way: string, go3s: RunningGo3s, sender: Sender, seconds: number): Promise<string[]> {
  const processes = descendants(go3s.pid);
  const engines = processes.filter((each) => each.pid !== go3s.pid);
  const cpu = (list: readonly { pid: number }[]): number =>
    list.reduce((sum, { pid }) => sum + costOf(pid).cpuSeconds, 0);
  await drive(sender, 1);
  const before = { all: cpu(processes), engine: cpu(engines), own: process.cpuUsage() };
  const start = performance.now();
  const acknowledged = await drive(sender, seconds);
  const elapsed = (performance.now() - start) / 1000;
  const own = process.cpuUsage(before.own);
  // What was acknowledged is in the log; the cost of bringing it into the tables belongs to it.
  const total = await settled(go3s);
  const after = { all: cpu(processes), engine: cpu(engines) };
  const millions = acknowledged / 1e6;
  const [disk] = await go3s
    .query(
      "SELECT sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts WHERE active AND table = 'traces'",
    )
    .catch(() => [undefined]);
  return [
    way,
    thousands(acknowledged / elapsed),
    ((after.all - before.all) / millions).toFixed(2),
    ((after.engine - before.engine) / millions).toFixed(2),
    ((own.user + own.system) / 1e6 / millions).toFixed(2),
    mebibytes(processes.reduce((sum, { pid }) => sum + costOf(pid).peakBytes, 0)),
    disk === undefined ? "?" : (Number(disk["bytes"]) / Number(disk["rows"])).toFixed(1),
    total === sentInAll ? `all ${thousands(total)}` : `${thousands(total)} of ${thousands(sentInAll)}`,
  ];
}

let sentInAll = 0;

/** drive keeps `inFlight` requests on their way for some seconds and counts the spans acknowledged. */
async function drive(sender: Sender, seconds: number): Promise<number> {
  if (seconds === 1) sentInAll = 0;
  const until = performance.now() + seconds * 1000;
  let acknowledged = 0;
  const worker = async (): Promise<void> => {
    const load = newLoadRequest("bench");
    while (performance.now() < until) {
      load.renew();
      await sender.send(load.body);
      acknowledged += spansPerRequest;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  sentInAll += acknowledged;
  return acknowledged;
}

/** settled waits until the number of rows found stops growing, 60 s at most, and gives it. */
async function settled(go3s: RunningGo3s): Promise<number> {
  let last = -1;
  for (let i = 0; i < 120; i++) {
    const [row] = await go3s.query("SELECT count() AS n FROM traces");
    const now = Number(row?.["n"]);
    if (now === last && now >= sentInAll) return now;
    last = now;
    await pause(500);
  }
  return last;
}
