// Sends spans at a rate for as long as wanted, and tells every ten seconds what server and engine hold in memory and use of the
// CPU; at the end how memory grew, and whether everything is there.
//   npm run build && node scripts/soak-store.mjs --minutes 10 [--rate 25000] [--grpc] [--up="--sample 0.1"]
// Rate 0 sends as fast as requests are acknowledged.
import { parseArgs } from "node:util";
import { newLoadRequest } from "../bench/dist/load/requests.js";
import { grpcSender, httpSender } from "../bench/dist/load/senders.js";
import { startGo3s } from "../bench/dist/measure/go3s.js";
import { costOf, descendants } from "../bench/dist/measure/processes.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    rate: { type: "string", default: "25000" },
    "in-flight": { type: "string", default: "64" },
    grpc: { type: "boolean", default: false },
    up: { type: "string", default: "" },
  },
});
const rate = Number(values.rate);
const inFlight = Number(values["in-flight"]);
const spans = 500;
const LOOK_MS = 10_000;
const mib = (bytes) => Math.round(bytes / 1048576);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const more = values.up.split(" ").filter((word) => word !== "");
const go3s = await startGo3s(["--no-agent", "--no-web", ...more]);
const sender = values.grpc ? grpcSender(go3s.otlpGrpc, 4) : httpSender(go3s.otlpHttp, inFlight);
let acknowledged = 0;
let refused = 0;
let late = 0;
const spare = Array.from({ length: inFlight }, () => newLoadRequest("soak", { spans }));

async function sendOne() {
  const request = spare.pop();
  if (request === undefined) {
    late++;
    return;
  }
  request.renew();
  try {
    await sender.send(request.body);
    acknowledged += spans;
  } catch {
    refused += spans;
    await sleep(100);
  }
  spare.push(request);
}

/** The engine is the server's child; while it is started again there is none. */
const engineOf = () => descendants(go3s.pid).find(({ pid }) => pid !== go3s.pid)?.pid ?? 0;
const statusOf = async () => (await fetch(`${go3s.web}/api/v1/status`)).json();
const looks = [];
let last = { server: costOf(go3s.pid).cpuSeconds, engine: costOf(engineOf()).cpuSeconds, acknowledged: 0 };
const began = performance.now();

async function look() {
  const [server, engine] = [costOf(go3s.pid), costOf(engineOf())];
  const seconds = (performance.now() - began) / 1000;
  const { store, sampling } = await statusOf();
  const of = acknowledged - last.acknowledged;
  const per = (now, before) => (of === 0 ? "-" : (((now - before) * 1e6) / of).toFixed(2));
  console.log(
    [
      `${Math.round(seconds)} s`,
      `${Math.round((of * 1000) / LOOK_MS)} spans/s`,
      `server ${mib(server.rssBytes)} MiB ${per(server.cpuSeconds, last.server)} us a span`,
      `engine ${mib(engine.rssBytes)} MiB ${per(engine.cpuSeconds, last.engine)} us a span`,
      `log ${mib(store.wal_bytes)} MiB`,
      ...(sampling === null ? [] : [`undecided ${mib(sampling.waiting.bytes)} MiB`]),
    ].join(", "),
  );
  looks.push({ minutes: seconds / 60, server: server.rssBytes, engine: engine.rssBytes });
  last = { server: server.cpuSeconds, engine: engine.cpuSeconds, acknowledged };
}

/** slope gives MiB a minute over the second half of the time, by least squares: before that caches and heaps fill. */
function slope(key) {
  const half = looks.slice(Math.floor(looks.length / 2));
  const mean = (of) => half.reduce((sum, each) => sum + of(each), 0) / half.length;
  const [x, y] = [mean(({ minutes }) => minutes), mean((each) => each[key])];
  const over = half.reduce((sum, each) => sum + (each.minutes - x) * (each[key] - y), 0);
  const under = half.reduce((sum, each) => sum + (each.minutes - x) ** 2, 0);
  return Math.round((over / under / 1048576) * 10) / 10;
}

try {
  const until = performance.now() + Number(values.minutes) * 60_000;
  const timer = setInterval(() => void look().catch((error) => console.log(String(error))), LOOK_MS);
  if (rate === 0) {
    const worker = async () => {
      while (performance.now() < until) await sendOne();
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  } else {
    const running = new Set();
    const pace_ms = (spans * 1000) / rate;
    for (let due = performance.now(); due < until; due += pace_ms) {
      if (due > performance.now()) await sleep(due - performance.now());
      const sent = sendOne().finally(() => running.delete(sent));
      running.add(sent);
    }
    await Promise.all(running);
  }
  clearInterval(timer);
  let status = await statusOf();
  for (let i = 0; i < 1200 && status.store.wal_bytes + (status.sampling?.waiting.bytes ?? 0) > 0; i++) {
    await sleep(100);
    status = await statusOf();
  }
  const { sampling } = status;
  const [row] = await go3s.query("SELECT count() AS n FROM traces");
  const sum = (counts) => Object.values(counts).reduce((all, each) => all + each, 0);
  console.log(
    JSON.stringify({
      minutes: Number(values.minutes),
      acknowledged,
      refused,
      late,
      found: Number(row?.n),
      ...(sampling === null
        ? {}
        : {
            kept: sampling.kept,
            dropped: sampling.dropped,
            decided: sum(sampling.kept) + sum(sampling.dropped),
          }),
      peakMiB: {
        server: mib(costOf(go3s.pid).peakBytes),
        engine: mib(costOf(engineOf()).peakBytes),
      },
      slopeMiBPerMinute: { server: slope("server"), engine: slope("engine") },
    }),
  );
} finally {
  sender.close();
  await go3s.stop();
}
