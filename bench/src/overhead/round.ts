import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { GoService } from "../load/go-services.js";
import type { Watcher } from "../measure/agent-alone.js";
import { type RunningGo3s, startGo3s } from "../measure/go3s.js";
import { costOf, descendants, pause } from "../measure/processes.js";
import { startSink } from "../measure/sink.js";
import type { Drive } from "./drive.js";
import type { Round } from "./report.js";

/** Observer is what observes a service while it is measured. */
interface Observer {
  readonly agents: readonly number[];
  readonly rest: readonly number[];
  /** go3s can be asked for the spans; an agent alone only tells them when it is stopped. */
  readonly go3s?: RunningGo3s;
}

/** Bench is what is measured: the service, its command, how it is driven, for how long and, in seconds too, how long before that. */
export interface Bench {
  readonly service: GoService;
  readonly drive: Drive;
  readonly program: readonly string[];
  readonly seconds: number;
  readonly settle: number;
}

/** measureUp measures it under a `go3s up` that was started before. */
export async function measureUp(bench: Bench, asked: boolean): Promise<Round> {
  const go3s = await startGo3s([]);
  try {
    return await measure(bench, observerOf(go3s), asked);
  } finally {
    await go3s.stop();
  }
}

/** measureInstrumented measures the service with OpenTelemetry's SDK in it, which sends to a receiver that keeps nothing. */
export async function measureInstrumented(bench: Bench): Promise<Round> {
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

/**
 * measureWatched observes with something that counts its own spans, over the warm-up too. It is attached to a process that runs, so that
 * the same one is measured just before and just after: two processes of one program differ by a tenth and more here.
 */
export async function measureWatched(bench: Bench, start: (pid: number) => Promise<Watcher>): Promise<Round> {
  const { service, drive, seconds, settle } = bench;
  return withService(bench, async (pid, port) => {
    const url = service.url(port);
    await drive(url, 1);
    const before = await drive(url, seconds);
    const watcher = await start(pid);
    let stopped: Promise<number> | undefined;
    try {
      // Routes learned, the policy settled on what the rate allows, the agent's own code compiled.
      const { requests } = await drive(url, settle);
      const processes = {
        server: pid,
        agents: watcher.pid === 0 ? [] : [watcher.pid],
        rest: watcher.receiver === undefined ? [] : [watcher.receiver],
      };
      const measured = await costs(processes, () => drive(url, seconds));
      const agentPeak = Math.max(0, ...processes.agents.map((each) => costOf(each).peakBytes));
      stopped = watcher.stop();
      const spans = await stopped;
      const after = await drive(url, seconds);
      return {
        ...measured,
        agentPeak,
        spans: (spans / (requests + measured.requests)) * measured.requests,
        unobserved: (before.perSecond + after.perSecond) / 2,
      };
    } finally {
      await (stopped ?? watcher.stop());
    }
  });
}

/** FORGOTTEN_MS: the store brings rows into tables sooner for 5 s after a question (docs/storage.md), ours included. */
const FORGOTTEN_MS = 5500;

/** measure measures the service by itself, or with what observes it from its first request on. */
export async function measure(
  bench: Bench,
  observe: ((pid: number) => Promise<Observer>) | undefined,
  asked: boolean,
): Promise<Round> {
  const { service, drive, seconds } = bench;
  return withService(bench, async (pid, port) => {
    const url = service.url(port);
    const observer = await observe?.(pid);
    const go3s = observer?.go3s;
    // Attached, routes learned, and the policy settled on what the rate allows.
    const warm = await drive(url, observer === undefined ? 1 : 3);
    let spansBefore = await spansOf(go3s, warm.requests);
    if (observer !== undefined && !asked) {
      if (go3s !== undefined) await pause(FORGOTTEN_MS);
      spansBefore += (await drive(url, 2)).requests;
    }
    const { agents, rest } = observer ?? { agents: [], rest: [] };
    const questions = asked ? setInterval(() => void countSpans(go3s), 1000) : undefined;
    const measured = await costs({ server: pid, agents, rest }, () => drive(url, seconds));
    clearInterval(questions);
    return {
      ...measured,
      agentPeak: Math.max(0, ...agents.map((each) => costOf(each).peakBytes)),
      spans: (await spansOf(go3s, spansBefore + measured.requests)) - spansBefore,
    };
  });
}

/** nobody is measured as what observes is: the difference to what it was before and after is noise. */
export async function nobody(): Promise<Watcher> {
  return { pid: 0, stop: async () => 0 };
}

/** withService runs the service for as long as `use` takes. */
async function withService<T>(
  { program }: Bench,
  use: (pid: number, port: number) => Promise<T>,
): Promise<T> {
  const [command = "", ...more] = program;
  const server = spawn(command, more, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    return await use(server.pid ?? 0, Number(await firstLine(server)));
  } finally {
    const gone = once(server, "exit");
    server.kill("SIGKILL");
    await gone;
  }
}

/** costs drives the service and says what processor time the processes took meanwhile. */
async function costs(
  processes: {
    readonly server: number;
    readonly agents: readonly number[];
    readonly rest: readonly number[];
  },
  drive: () => ReturnType<Drive>,
): Promise<Pick<Round, "requests" | "perSecond" | "serverCpuUs" | "agentShare" | "restShare">> {
  const cpu = (list: readonly number[]): number =>
    list.reduce((sum, each) => sum + costOf(each).cpuSeconds, 0);
  const look = (): number[] => [[processes.server], processes.agents, processes.rest].map(cpu);
  const at = performance.now();
  const [server = 0, agents = 0, rest = 0] = look();
  const { requests, perSecond } = await drive();
  const [serverNow = 0, agentsNow = 0, restNow = 0] = look();
  const seconds = (performance.now() - at) / 1000;
  return {
    requests,
    perSecond,
    serverCpuUs: ((serverNow - server) * 1e6) / requests,
    agentShare: (agentsNow - agents) / seconds,
    restShare: (restNow - rest) / seconds,
  };
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
