import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type GoService, goServices } from "./load/go-services.js";
import { type Database, startDatabase } from "./load/postgresql.js";
import { startAgentAlone, type Watcher } from "./measure/agent-alone.js";
import { type RunningGo3s, startGo3s } from "./measure/go3s.js";
import { costOf, descendants, pause } from "./measure/processes.js";
import { startSink } from "./measure/sink.js";
import { type Drive, driverOf } from "./overhead/drive.js";
import type { Peer } from "./overhead/peer.js";
import { peersOf, preparePeer } from "./overhead/peers.js";
import { type Round, report, type Variant } from "./overhead/report.js";

/** Observer is what observes a service while it is measured. */
interface Observer {
  readonly agents: readonly number[];
  readonly rest: readonly number[];
  /** go3s can be asked for the spans; an agent alone only tells them when it is stopped. */
  readonly go3s?: RunningGo3s;
}

/**
 * goOverhead runs the same service at its maximum in turn: unobserved, observed by an agent whose spans nobody keeps, and under
 * `go3s up`, whose store and server take their share of the same processors.
 */
export async function goOverhead(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "6" },
      asked: { type: "boolean", default: false },
      sample: { type: "string" },
      tls: { type: "boolean", default: false },
      http2: { type: "boolean", default: false },
      grpc: { type: "boolean", default: false },
      bigger: { type: "boolean", default: false },
      node: { type: "boolean", default: false },
      alone: { type: "boolean", default: false },
      again: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
    },
  });
  const asked = values.asked;
  const option = (["tls", "http2", "grpc", "bigger", "node"] as const).find((each) => values[each]) ?? "";
  const service = goServices.find((each) => each.option === option);
  if (service === undefined) throw new Error(`there is no service "${option}"`);
  const peers = values.peers ? peersOf(option) : [];
  const folder = mkdtempSync(join(tmpdir(), "go3s-overhead-"));
  const seconds = Number(values.seconds);
  let database: Database | undefined;
  try {
    const built =
      service.isScript === true ? script(folder, service.source) : build(folder, "things", service);
    database = service.hasDatabase === true ? await startDatabase() : undefined;
    const program = database === undefined ? built : ["env", `DATABASE=${database.source}`, ...built];
    if (service.post !== undefined) writeFileSync(join(folder, "post"), service.post);
    const drive = driverOf(service, join(folder, "post"));
    const { instrumented } = service;
    const withSdk = instrumented === undefined ? undefined : build(folder, "instrumented", instrumented);
    const bench: Bench = { service, drive, program, seconds };
    const variants = [
      variant("unobserved", () => measure(bench, undefined, false)),
      variant("go3s observe, spans kept by nobody", () => measureWatched(bench, startAgentAlone)),
      ...(values.alone ? [] : [variant("go3s up", () => measureUp(bench, asked))]),
      ...(values.again ? [variant("unobserved, once more", () => measure(bench, undefined, false))] : []),
      ...sampledVariants(bench, values.sample),
      ...(withSdk === undefined ? [] : [instrumentedVariant({ ...bench, program: withSdk })]),
    ];
    for (const name of peers)
      variants.push(peerVariant(bench, await preparePeer(name, folder, built[0] ?? "")));
    for (let i = 0; i < Number(values.rounds); i++)
      for (const each of variants) each.rounds.push(await each.measure());
    const driver = service.post === undefined ? "wrk -t1 -c32" : "h2load -t1 -c4 -m8";
    const askedHow = asked ? "asked by SQL every second" : "nobody asks meanwhile (--asked: every second)";
    console.log(
      `\n${service.title}, 200-byte answers, ${driver}, ${values.rounds} rounds of ${seconds} s in turn; medians; ${askedHow}`,
    );
    report(variants);
  } finally {
    await database?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bench is what is measured: the service, its command, how it is driven and for how long. */
interface Bench {
  readonly service: GoService;
  readonly drive: Drive;
  readonly program: readonly string[];
  readonly seconds: number;
}

function variant(title: string, how: () => Promise<Round>, tellsSpans = true): Variant {
  return { title, tellsSpans, rounds: [], measure: how };
}

function sampledVariants(bench: Bench, sample: string | undefined): Variant[] {
  if (sample === undefined) return [];
  const start = (pid: number): Promise<Watcher> => startAgentAlone(pid, ["--sample", sample]);
  return [variant(`go3s observe --sample ${sample}`, () => measureWatched(bench, start))];
}

function instrumentedVariant(bench: Bench): Variant {
  return variant("otelhttp in the code", () => measureInstrumented(bench), false);
}

function peerVariant(bench: Bench, peer: Peer): Variant {
  return variant(peer.title, () => measureWatched(bench, peer.start));
}

async function measureUp(bench: Bench, asked: boolean): Promise<Round> {
  const go3s = await startGo3s([]);
  try {
    return await measure(bench, observerOf(go3s), asked);
  } finally {
    await go3s.stop();
  }
}

/** build makes a Go program in a module of its own, and gives the command that runs it. */
function build(
  folder: string,
  name: string,
  { source, modules = [] }: { readonly source: string; readonly modules?: readonly string[] },
): string[] {
  const cwd = join(folder, `${name}-module`);
  mkdirSync(cwd);
  writeFileSync(join(cwd, "main.go"), source);
  writeFileSync(join(cwd, "go.mod"), "module things\n\ngo 1.24\n");
  if (modules.length > 0)
    execFileSync("go", ["get", ...modules], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  execFileSync("go", ["build", "-mod=mod", "-o", join(folder, name), "."], { cwd });
  return [join(folder, name)];
}

function script(folder: string, source: string): string[] {
  const file = join(folder, "things.mjs");
  writeFileSync(file, source);
  return [process.execPath, file];
}

/** measureInstrumented measures the service with OpenTelemetry's SDK in it, which sends to a receiver that keeps nothing. */
async function measureInstrumented(bench: Bench): Promise<Round> {
  const sink = await startSink();
  try {
    const environment = [`OTEL_EXPORTER_OTLP_ENDPOINT=${sink.url}`, "OTEL_SERVICE_NAME=things"];
    const observe = async (): Promise<Observer> => ({ agents: [], rest: [sink.pid] });
    return await measure({ ...bench, program: ["env", ...environment, ...bench.program] }, observe, false);
  } finally {
    await sink.stop();
  }
}

/** observerOf gives the processes of a running go3s. */
function observerOf(go3s: RunningGo3s): () => Promise<Observer> {
  return async () => {
    const processes = descendants(go3s.pid);
    const agents = processes.filter(({ command }) => /agent/.test(command));
    const pids = (list: typeof processes): number[] => list.map(({ pid }) => pid);
    return { agents: pids(agents), rest: pids(processes.filter((each) => !agents.includes(each))), go3s };
  };
}

/** measureWatched observes with something that counts its own spans, over the warm-up too. */
async function measureWatched(bench: Bench, start: (pid: number) => Promise<Watcher>): Promise<Round> {
  let watcher: Watcher | undefined;
  let round: Round | undefined;
  let spans = 0;
  try {
    const observe = async (pid: number): Promise<Observer> => {
      watcher = await start(pid);
      return { agents: [watcher.pid], rest: watcher.receiver === undefined ? [] : [watcher.receiver] };
    };
    round = await measure(bench, observe, false);
  } finally {
    spans = (await watcher?.stop()) ?? 0;
  }
  return { ...round, spans: (spans / round.allRequests) * round.requests };
}

/** FORGOTTEN_MS: the store brings rows into tables sooner for 5 s after a question (docs/storage.md), ours included. */
const FORGOTTEN_MS = 5500;

async function measure(
  { service, drive, program, seconds }: Bench,
  observe: ((pid: number) => Promise<Observer>) | undefined,
  asked: boolean,
): Promise<Round> {
  const [command = "", ...more] = program;
  const server = spawn(command, more, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = service.url(Number(await firstLine(server)));
    const pid = server.pid ?? 0;
    const observer = await observe?.(pid);
    const go3s = observer?.go3s;
    // Attached, routes learned, and the policy settled on what the rate allows.
    const warm = await drive(url, observer === undefined ? 1 : 3);
    let spansBefore = await spansOf(go3s, warm.requests);
    let allRequests = warm.requests;
    if (observer !== undefined && !asked) {
      if (go3s !== undefined) await pause(FORGOTTEN_MS);
      const settled = await drive(url, 2);
      allRequests += settled.requests;
      spansBefore += settled.requests;
    }
    const { agents, rest } = observer ?? { agents: [], rest: [] };
    const cpu = (list: readonly number[]): number =>
      list.reduce((sum, each) => sum + costOf(each).cpuSeconds, 0);
    const before = {
      server: costOf(pid).cpuSeconds,
      agents: cpu(agents),
      rest: cpu(rest),
    };
    const questions = asked ? setInterval(() => void countSpans(go3s), 1000) : undefined;
    const { requests, perSecond } = await drive(url, seconds);
    clearInterval(questions);
    const after = { server: costOf(pid).cpuSeconds, agents: cpu(agents), rest: cpu(rest) };
    const peak = Math.max(0, ...agents.map((each) => costOf(each).peakBytes));
    return {
      perSecond,
      requests,
      allRequests: allRequests + requests,
      serverCpuUs: ((after.server - before.server) * 1e6) / requests,
      agentShare: (after.agents - before.agents) / seconds,
      restShare: (after.rest - before.rest) / seconds,
      agentPeak: peak,
      spans: (await spansOf(go3s, spansBefore + requests)) - spansBefore,
    };
  } finally {
    const gone = once(server, "exit");
    server.kill("SIGKILL");
    await gone;
  }
}

async function countSpans(go3s: RunningGo3s | undefined): Promise<number> {
  if (go3s === undefined) return 0;
  const [row] = await go3s.query(
    "SELECT count() AS n FROM traces WHERE service_name = 'things' AND kind = 'SERVER'",
  );
  return Number(row?.["n"]);
}

/** spansOf counts until there are as many as are wanted, or half a minute is over. */
async function spansOf(go3s: RunningGo3s | undefined, wanted: number): Promise<number> {
  let now = 0;
  for (let i = 0; i < 60; i++) {
    now = await countSpans(go3s);
    if (go3s === undefined || now >= wanted) return now;
    await pause(500);
  }
  return now;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the service has no output");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return line;
}
