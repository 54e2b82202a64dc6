import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs, promisify } from "node:util";
import { type GoService, goServices } from "./load/go-services.js";
import { type Database, startDatabase } from "./load/postgresql.js";
import { startAgentAlone, startSink } from "./measure/agent-alone.js";
import { type RunningGo3s, startGo3s } from "./measure/go3s.js";
import { costOf, descendants, median, pause } from "./measure/processes.js";
import { mebibytes, printTable, thousands } from "./measure/table.js";

const run = promisify(execFile);

interface Round {
  readonly perSecond: number;
  readonly requests: number;
  /** allRequests counts those of the warm-up as well. */
  readonly allRequests: number;
  readonly serverCpuUs: number;
  readonly agentShare: number;
  readonly agentPeak: number;
  readonly restShare: number;
  readonly spans: number;
}

/** Rounds are what was measured of each way to observe, in the order of measuring. */
interface Rounds {
  readonly without: Round[];
  readonly alone: Round[];
  readonly observed: Round[];
  readonly sampled: Round[];
  readonly instrumented: Round[];
}

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
    },
  });
  const asked = values.asked;
  const option = (["tls", "http2", "grpc", "bigger", "node"] as const).find((each) => values[each]) ?? "";
  const service = goServices.find((each) => each.option === option);
  if (service === undefined) throw new Error(`there is no service "${option}"`);
  const folder = mkdtempSync(join(tmpdir(), "go3s-overhead-"));
  const rounds: Rounds = { without: [], alone: [], observed: [], sampled: [], instrumented: [] };
  const seconds = Number(values.seconds);
  let database: Database | undefined;
  try {
    const built =
      service.isScript === true ? script(folder, service.source) : build(folder, "things", service);
    database = service.hasDatabase === true ? await startDatabase() : undefined;
    const program = database === undefined ? built : ["env", `DATABASE=${database.source}`, ...built];
    const instrumented =
      service.instrumented === undefined ? undefined : build(folder, "instrumented", service.instrumented);
    if (service.post !== undefined) writeFileSync(join(folder, "post"), service.post);
    const drive = driverOf(service, join(folder, "post"));
    for (let i = 0; i < Number(values.rounds); i++) {
      rounds.without.push(await measure(service, drive, program, seconds, undefined, false));
      rounds.alone.push(await measureAlone(service, drive, program, seconds));
      if (values.sample !== undefined)
        rounds.sampled.push(await measureAlone(service, drive, program, seconds, values.sample));
      if (instrumented !== undefined)
        rounds.instrumented.push(await measureInstrumented(service, drive, instrumented, seconds));
      if (values.alone) continue;
      const go3s = await startGo3s([]);
      try {
        rounds.observed.push(await measure(service, drive, program, seconds, observerOf(go3s), asked));
      } finally {
        await go3s.stop();
      }
    }
  } finally {
    await database?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  report(service, rounds, seconds, asked, values.sample ?? "");
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
async function measureInstrumented(
  service: GoService,
  drive: Drive,
  program: readonly string[],
  seconds: number,
): Promise<Round> {
  const sink = await startSink();
  try {
    const environment = [`OTEL_EXPORTER_OTLP_ENDPOINT=${sink.url}`, "OTEL_SERVICE_NAME=things"];
    const observe = async (): Promise<Observer> => ({ agents: [], rest: [sink.pid] });
    return await measure(service, drive, ["env", ...environment, ...program], seconds, observe, false);
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

/** measureAlone observes with an agent alone: it counts its own spans, over the warm-up too. */
async function measureAlone(
  service: GoService,
  drive: Drive,
  program: readonly string[],
  seconds: number,
  sample?: string,
): Promise<Round> {
  let stop: (() => Promise<number>) | undefined;
  let round: Round | undefined;
  let spans = 0;
  try {
    round = await measure(
      service,
      drive,
      program,
      seconds,
      async (pid) => {
        const agent = await startAgentAlone(pid, sample === undefined ? [] : ["--sample", sample]);
        stop = agent.stop;
        return { agents: [agent.pid], rest: [agent.sinkPid] };
      },
      false,
    );
  } finally {
    spans = (await stop?.()) ?? 0;
  }
  return { ...round, spans: (spans / round.allRequests) * round.requests };
}

/** LAST_SPAN_MS: a span waits 0.3 s in the agent at most, and is asked for a little later. */
const LAST_SPAN_MS = 1500;

/** enough is how many spans to wait for: with a share, five standard deviations below its mean. */
function enough(requests: number, share: number): number {
  return share === 1 ? requests : Math.floor(requests * share - 5 * Math.sqrt(requests * share));
}

/** FORGOTTEN_MS: the store brings rows into tables sooner for 5 s after a question (docs/storage.md), ours included. */
const FORGOTTEN_MS = 5500;

async function measure(
  service: GoService,
  drive: Drive,
  program: readonly string[],
  seconds: number,
  observe: ((pid: number) => Promise<Observer>) | undefined,
  asked: boolean,
  share = 1,
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
    let spansBefore = await spansOf(go3s, enough(warm.requests, share));
    let allRequests = warm.requests;
    if (observer !== undefined && !asked) {
      if (go3s !== undefined) await pause(FORGOTTEN_MS);
      const settled = await drive(url, 2);
      allRequests += settled.requests;
      spansBefore += share === 1 ? settled.requests : 0;
      if (share < 1) {
        await pause(LAST_SPAN_MS);
        spansBefore = await countSpans(go3s);
        await pause(FORGOTTEN_MS);
      }
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
      spans: (await spansOf(go3s, spansBefore + enough(requests, share))) - spansBefore,
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

/** Drive drives a service at its maximum from one thread. */
type Drive = (url: string, seconds: number) => Promise<{ requests: number; perSecond: number }>;

/** driverOf gives wrk with 32 connections for HTTP/1, h2load with 4 of 8 streams each for HTTP/2. */
function driverOf({ post }: GoService, body: string): Drive {
  if (post === undefined) return wrk;
  const call = ["-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers"];
  return async (url, seconds) => {
    const how = ["-t1", "-c4", "-m8", "-D", `${seconds}`, ...(post.length === 0 ? [] : call)];
    const { stdout: text } = await run("h2load", [...how, url]);
    const requests = Number(/(\d+) succeeded/.exec(text)?.[1]);
    const perSecond = Number(/finished in [^,]*, ([\d.]+) req\/s/.exec(text)?.[1]);
    if (!(requests > 0)) throw new Error(`h2load said nothing usable:\n${text}`);
    return { requests, perSecond };
  };
}

/** wrk drives the service at its maximum from one thread with 32 connections. */
async function wrk(url: string, seconds: number): Promise<{ requests: number; perSecond: number }> {
  const { stdout: text } = await run("wrk", ["-t1", "-c32", `-d${seconds}s`, url]);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  if (!(requests > 0)) throw new Error(`wrk said nothing usable:\n${text}`);
  return { requests, perSecond };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the service has no output");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return line;
}

function report(service: GoService, rounds: Rounds, seconds: number, asked: boolean, sample: string): void {
  const of = (list: readonly Round[], pick: (round: Round) => number): number => median(list.map(pick));
  const { without } = rounds;
  const row = (name: string, list: readonly Round[], isCounted = true): string[] => {
    const ratios = list.map((round, i) => round.perSecond / (without[i]?.perSecond ?? Number.NaN));
    return [
      name,
      thousands(of(list, (r) => r.perSecond)),
      `${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(3)).join(", ")})`,
      of(list, (r) => r.serverCpuUs).toFixed(1),
      `${(of(list, (r) => r.agentShare) * 100).toFixed(0)} %`,
      mebibytes(of(list, (r) => r.agentPeak)),
      `${(of(list, (r) => r.restShare) * 100).toFixed(0)} %`,
      isCounted ? of(list, (r) => (100 * r.spans) / r.requests).toFixed(2) : "",
    ];
  };
  console.log(
    `\n${service.title}, 200-byte answers, ${service.post === undefined ? "wrk -t1 -c32" : "h2load -t1 -c4 -m8"}, ${without.length} rounds of ${seconds} s in turn; medians; ${asked ? "asked by SQL every second" : "nobody asks meanwhile (--asked: every second)"}`,
  );
  printTable(
    [
      "variant",
      "requests/s",
      "of unobserved",
      "server CPU us/request",
      "agent CPU",
      "agent peak",
      "receiver CPU",
      "spans per 100 requests",
    ],
    [
      [
        "unobserved",
        thousands(of(without, (r) => r.perSecond)),
        "1",
        of(without, (r) => r.serverCpuUs).toFixed(1),
        "",
        "",
        "",
        "",
      ],
      row("go3s observe, spans kept by nobody", rounds.alone),
      ...(rounds.observed.length === 0 ? [] : [row("go3s up", rounds.observed)]),
      ...(rounds.sampled.length === 0 ? [] : [row(`go3s observe --sample ${sample}`, rounds.sampled)]),
      ...(rounds.instrumented.length === 0 ? [] : [row("otelhttp in the code", rounds.instrumented, false)]),
    ],
  );
}
