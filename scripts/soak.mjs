// Observes a Go service at a steady rate for as long as wanted while other processes come and go, and says whether anything grew,
// was lost or was left behind. Needs root, Go, and the build of this checkout (it runs its own `go3s up`, on free ports, over a
// data folder of its own in the temporary folder).
//   npm run build && node scripts/soak.mjs --minutes 120 [--rate 5000] [--every 30] [--comer 20] [--up="--goroutines"]
// Every `--every` seconds it prints a line, and the same as a JSON row; at the end, or at Ctrl-C, the verdict and `{"verdict":…}`.
// Exit code 0 where nothing is wrong, else 1.
//
// What runs: soak-things takes the rate, each request at its time whether the last was answered or not (an open loop in Go, left
// alone by the agent); soak-comer is started again every 20 s, ended and killed in turn, with 200 requests/s; soak-visit, a Go
// program of one request, four times a second; a shell that does nothing, ten times a second.
//
// The verdict: memory is flat where least squares over the last three quarters give less than 5 % of the mean, or 8 MiB, in that
// time; spans are whole where soak-things has as many server spans in the store as requests were answered, or what is missing is counted
// as dropped; links are detached where none of the agent's is attached to a program of ours after these ended; nothing is left where
// no process of `go3s up` and no BPF object that its agent held at any look remains after the stop.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startGo3s } from "../bench/dist/measure/go3s.js";
import { costOf, descendants } from "../bench/dist/measure/processes.js";
import { heldBy, mappingsOf, stillThere } from "./soak/held.mjs";
import { buildPrograms, runOnce, startLoad, startService } from "./soak/programs.mjs";
import { flatness } from "./soak/verdict.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "120" },
    rate: { type: "string", default: "5000" },
    connections: { type: "string", default: "64" },
    every: { type: "string", default: "30" },
    comer: { type: "string", default: "20" },
    up: { type: "string", default: "" },
  },
});
const mib = (bytes) => Math.round(bytes / 104857.6) / 10;
const folder = mkdtempSync(join(tmpdir(), "go3s-soak-"));
const stop = new AbortController();
process.on("SIGINT", () => stop.abort());
process.on("SIGTERM", () => stop.abort());
/** pause waits, but not longer than until Ctrl-C. */
const pause = (ms) => sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined);

const programs = buildPrograms(folder);
const more = values.up.split(" ").filter((word) => word !== "");
// In a process group of its own, as everything here: Ctrl-C ends the test, and the test ends them.
const go3s = await startGo3s(["--no-web", "--exclude-name", "soak-load", ...more], { detached: true });
const began = performance.now();
const ever = { program: new Set(), map: new Set(), link: new Set() };
const looks = [];
let cpuBefore = {};

async function statusOf() {
  return (await fetch(`${go3s.web}/api/v1/status`)).json();
}

/** parts finds the pids of server, agent and engine: the agent may have been started again. */
function parts() {
  const found = { server: go3s.pid, agent: 0, engine: 0 };
  for (const { pid, command } of descendants(go3s.pid)) {
    if (/agent-process/.test(command)) found.agent = pid;
    else if (/engine\/child/.test(command)) found.engine = pid;
  }
  return found;
}

const sumOf = (drops) =>
  Object.fromEntries(drops.map(({ place, reason, count }) => [`${place}: ${reason}`, count]));

/** attachedTo gives the agent's links to programs in the test's folder. */
const attachedTo = ({ link }) => [...link.values()].filter(({ path }) => path.startsWith(folder));

async function look(things, load, others) {
  const { agent: told, dropped, store } = await statusOf();
  const pids = parts();
  const held = heldBy(pids.agent);
  for (const kind of ["program", "map", "link"]) for (const id of held[kind].keys()) ever[kind].add(id);
  const at = performance.now();
  const row = {
    seconds: Math.round((at - began) / 1000),
    requests: load.counts().answered + others.visits,
    late: load.counts().late,
    failed: load.counts().failed,
    slowest_ms: Math.round(load.slowestUs() / 100) / 10,
    spans: told.processes.find(({ pid }) => pid === things.pid)?.spans ?? 0,
    comers: others.comers,
    visits: others.visits,
    processes: told.processes.length,
    probes: told.probes,
    links: held.link.size,
    links_to_ours: attachedTo(held).length,
    programs: held.program.size,
    maps: held.map.size,
    perf_events: held.events,
    dropped: { ...sumOf(told.dropped ?? []), ...sumOf(dropped) },
    wal_bytes: store.wal_bytes,
  };
  for (const [name, pid] of Object.entries(pids)) {
    const cost = costOf(pid);
    const before = cpuBefore[name];
    row[name] = {
      pid,
      rss_mib: mib(cost.rssBytes),
      peak_mib: mib(cost.peakBytes),
      cpu_share:
        before?.pid === pid
          ? Math.round(((cost.cpuSeconds - before.seconds) / (at - before.at)) * 1e6) / 1000
          : null,
      descriptors: heldBy(pid).descriptors,
      mappings: mappingsOf(pid),
    };
    cpuBefore = { ...cpuBefore, [name]: { pid, seconds: cost.cpuSeconds, at } };
  }
  looks.push(row);
  const part = (name) => {
    const { rss_mib, cpu_share, descriptors } = row[name];
    return `${name} ${rss_mib} MiB ${cpu_share === null ? "-" : Math.round(cpu_share * 100)} % ${descriptors} fds`;
  };
  console.log(
    [
      `${row.seconds} s`,
      ...["agent", "server", "engine"].map(part),
      `${row.links} links (${row.links_to_ours} to ours), ${row.programs} programs, ${row.maps} maps`,
      `${row.spans} spans of ${row.requests} requests`,
      `${row.late} late, slowest ${row.slowest_ms} ms`,
      `dropped ${JSON.stringify(row.dropped)}`,
    ].join("; "),
  );
  console.log(JSON.stringify(row));
}

/** comeAndGo starts the second service again and again, with a load of its own. */
async function comeAndGo(others) {
  for (let round = 0; !stop.signal.aborted && !others.over; round++) {
    const comer = await startService(programs.comer);
    const load = startLoad(programs.load, comer.port, 200, 8);
    others.comers++;
    for (let left = Number(values.comer) * 4; left > 0 && !stop.signal.aborted && !others.over; left--)
      await pause(250);
    const { answered } = await load.end();
    others.comerRequests += answered;
    await comer.end(round % 2 === 1);
  }
}

async function visits(others, url) {
  while (!stop.signal.aborted && !others.over) {
    const [visited] = await Promise.all([
      runOnce(programs.visit, [url]),
      runOnce("/bin/sh", ["-c", ":"]),
      pause(100).then(() => runOnce("/bin/sh", ["-c", ":"])),
      pause(250),
    ]);
    if (visited) others.visits++;
  }
}

/** countSpans asks the store until it has what is wanted, or for a minute. */
async function countSpans(wanted) {
  for (const end = performance.now() + 60_000; ; await sleep(1000)) {
    const [row] = await go3s.query(
      "SELECT countIf(service_name = 'soak-things') AS things, countIf(service_name = 'soak-comer') AS comer FROM traces WHERE kind = 'SERVER' AND service_name LIKE 'soak-%'",
    );
    if (Number(row?.things) >= wanted || performance.now() > end) return row;
  }
}

/** attached waits until the agent says that it watches a process: its first start compiles its probes. */
async function attached(pid) {
  for (const end = performance.now() + 300_000; performance.now() < end; await sleep(100)) {
    const { agent } = await statusOf();
    if (agent.processes.some((each) => each.pid === pid && each.watched)) return;
  }
  throw new Error("the agent does not watch soak-things");
}

/** eventually asks until the answer is empty, for 20 s at most. */
async function eventually(ask) {
  let left = ask();
  for (let i = 0; i < 80 && left.length > 0; i++) {
    await sleep(250);
    left = ask();
  }
  return left;
}

const problems = [];
let verdict;
try {
  const things = await startService(programs.things);
  await attached(things.pid);
  const load = startLoad(programs.load, things.port, Number(values.rate), Number(values.connections));
  const others = { comers: 0, comerRequests: 0, visits: 0, over: false };
  const url = `http://127.0.0.1:${things.port}/things/1`;
  const running = Promise.all([comeAndGo(others), visits(others, url)]);
  const until = performance.now() + Number(values.minutes) * 60_000;
  while (!stop.signal.aborted && performance.now() < until) {
    await pause(Math.max(0, Math.min(Number(values.every) * 1000, until - performance.now())));
    await look(things, load, others).catch((error) => console.log(`no look: ${error}`));
  }
  others.over = true;
  await running;
  const { answered, failed, late } = await load.end();
  // A span waits 0.3 s in the agent for company.
  await sleep(1500);
  const { agent, dropped } = await statusOf();
  const requests = answered + others.visits;
  const row = await countSpans(requests);
  const lost = requests - Number(row?.things);
  const drops = { ...sumOf(agent.dropped ?? []), ...sumOf(dropped) };
  await things.end();
  const stillAttached = await eventually(() => attachedTo(heldBy(parts().agent)));
  const pids = descendants(go3s.pid).map(({ pid }) => pid);
  await go3s.stop();
  const processes = await eventually(() => pids.filter((pid) => existsSync(`/proc/${pid}`)));
  const objects = {};
  for (const [kind, ids] of Object.entries(ever))
    objects[kind] = (await eventually(() => stillThere(kind, ids))).length;
  const memory = Object.fromEntries(
    ["agent", "server", "engine"].map((name) => [name, flatness(looks, name)]),
  );
  for (const [name, { flat, slope_mib_per_hour }] of Object.entries(memory))
    if (!flat) problems.push(`${name} grows by ${slope_mib_per_hour} MiB an hour`);
  const explained = Object.values(drops).reduce((sum, count) => sum + count, 0);
  if (lost > explained) problems.push(`${lost} spans lost, ${explained} of them counted`);
  if (lost < 0) problems.push(`${-lost} more spans than requests`);
  if (stillAttached.length > 0)
    problems.push(`${stillAttached.length} links attached to programs that ended`);
  if (processes.length > 0) problems.push(`processes left: ${processes.join(", ")}`);
  for (const [kind, count] of Object.entries(objects)) if (count > 0) problems.push(`${count} ${kind}s left`);
  verdict = {
    minutes: Math.round((performance.now() - began) / 6000) / 10,
    interrupted: stop.signal.aborted,
    requests,
    failed,
    late,
    spans: Number(row?.things),
    lost,
    dropped: drops,
    comers: others.comers,
    comer_requests: others.comerRequests,
    comer_spans: Number(row?.comer),
    visits: others.visits,
    memory,
    peak_mib: Object.fromEntries(
      ["agent", "server", "engine"].map((name) => [
        name,
        Math.max(...looks.map((each) => each[name].peak_mib)),
      ]),
    ),
    agents: new Set(looks.map((each) => each.agent.pid)).size,
    still_attached: stillAttached.length,
    left: { processes: processes.length, ...objects },
    problems,
  };
} finally {
  if (verdict === undefined) await go3s.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  problems.length === 0 ? "verdict: flat, whole, detached, nothing left" : `verdict: ${problems.join("; ")}`,
);
console.log(JSON.stringify({ verdict }));
process.exitCode = problems.length === 0 ? 0 : 1;
