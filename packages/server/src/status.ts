import type { Signal, StoreStats } from "@go3s/store";
import type { ScrapeTarget } from "./api/scrape-types.js";
import type {
  AgentStatus,
  DropCount,
  HistoryAnswer,
  SamplingStatus,
  SlowQuery,
  StatusAnswer,
} from "./api/types.js";
import { type Counters, labelled } from "./counters.js";
import { withFix } from "./drop-fixes.js";
import { createHistory } from "./history.js";
import { type ProcessUse, processUse } from "./process-use.js";
import { storeStatus } from "./store-status.js";
import { itemsByWay, waysOf } from "./ways.js";

type Items = Readonly<Record<Signal, number>>;

/** StatusSources are where the status comes from; none of them asks the engine. */
export interface StatusSources {
  readonly counters: Counters;
  readonly stats: () => StoreStats;
  readonly agent: () => AgentStatus;
  readonly addresses: () => StatusAnswer["addresses"];
  readonly version: string;
  readonly folder?: string | undefined;
  readonly asksToken: boolean;
  readonly closing: () => boolean;
  readonly sampling: () => SamplingStatus | null;
  /** Undefined where nothing is scraped. */
  readonly scrape: () => readonly ScrapeTarget[] | undefined;
  readonly slowest: () => readonly SlowQuery[];
}

/** StatusBoard keeps the last seconds' counts, so that rates can be told. */
export interface StatusBoard {
  status(): StatusAnswer;
  /** history is the last quarter of an hour of it. */
  history(): HistoryAnswer;
  /** Whether the store takes work and answers; `reason` is "" when it does. */
  readiness(): Readiness;
  close(): void;
  [Symbol.dispose](): void;
}

/** Readiness is the store's state and why it takes no work. */
export interface Readiness {
  readonly state: StatusAnswer["store"]["state"];
  readonly reason: string;
}

/** noAgent is the status where no agent was asked for. */
export const noAgent: AgentStatus = {
  state: "off",
  reason: "no agent was started",
  hint: "start go3s up without --no-agent",
  probes: 0,
  cpu_share: null,
  rss_bytes: null,
  spans: 0,
  processes: [],
};

interface Sample {
  readonly at: number;
  readonly items: Items;
  readonly byWay: ReadonlyMap<string, number>;
  readonly cpuMicros: number;
  readonly engine: ProcessUse | undefined;
  readonly enginePid: number | undefined;
  /** Appends refused so far because the disk was full. */
  readonly diskFull: number;
}

// Rates are over ten seconds: shorter ones jump with each batch of a sender.
const kept = 10;

/** createStatusBoard samples the counters once a second. */
export function createStatusBoard(sources: StatusSources): StatusBoard {
  const history = createHistory();
  let samples = [sampleOf(sources)];
  const timer = setInterval(() => {
    const now = sampleOf(sources);
    samples = [...samples.slice(1 - kept), now];
    const { waiting } = sources.stats();
    history.add({
      at_ms: Date.now(),
      spans: now.items.traces,
      logs: now.items.logs,
      metrics: now.items.metrics,
      dropped: droppedOf(sources).reduce((sum, drop) => sum + drop.count, 0),
      sampledOut: sampledOut(sources.counters),
      waitingBytes: waiting.bytes,
      waitingOldest_ms: waiting.oldest_ms,
      serverCpuMicros: now.cpuMicros,
      engineCpuMicros: now.engine?.cpuMicros,
    });
  }, 1000);
  timer.unref();
  const close = () => clearInterval(timer);
  const first = () => samples[0] ?? sampleOf(sources);
  return {
    status: () => statusOf(sources, first(), sampleOf(sources)),
    history: () => history.answer(Date.now()),
    readiness: () => readiness(sources, first(), sampleOf(sources)),
    close,
    [Symbol.dispose]: close,
  };
}

function sampleOf({ counters, stats }: StatusSources): Sample {
  const { user, system } = process.cpuUsage();
  const { refused, engine } = stats();
  const byWay = itemsByWay(counters);
  const items = { traces: 0, logs: 0, metrics: 0, profiles: 0 };
  for (const { labels, value } of labelled(counters, "items")) {
    const [, signal] = labels;
    if (signal === "traces" || signal === "logs" || signal === "metrics" || signal === "profiles")
      items[signal] += value;
  }
  return {
    at: performance.now(),
    items,
    byWay,
    cpuMicros: user + system,
    engine: processUse(engine.pid),
    enginePid: engine.pid,
    diskFull: refused["disk-full"] ?? 0,
  };
}

function statusOf(sources: StatusSources, first: Sample, now: Sample): StatusAnswer {
  const { counters } = sources;
  const seconds = Math.max(0.5, (now.at - first.at) / 1000);
  const rate = (signal: Signal) => (now.items[signal] - first.items[signal]) / seconds;
  const total = (name: "requests" | "bytes") =>
    labelled(counters, name).reduce((sum, { value }) => sum + value, 0);
  const isSameEngine = now.enginePid === first.enginePid;
  const engineMicros =
    isSameEngine && now.engine && first.engine ? now.engine.cpuMicros - first.engine.cpuMicros : null;
  return {
    version: sources.version,
    ...(sources.folder === undefined ? {} : { folder: sources.folder }),
    asks_token: sources.asksToken,
    now_ms: Date.now(),
    started_ms: counters.startedMs,
    uptime_s: (Date.now() - counters.startedMs) / 1000,
    agent: sources.agent(),
    ingest: {
      spans_per_s: rate("traces"),
      logs_per_s: rate("logs"),
      metrics_per_s: rate("metrics"),
      spans: now.items.traces,
      logs: now.items.logs,
      metrics: now.items.metrics,
      requests: total("requests"),
      bytes: total("bytes"),
      ways: waysOf(counters, (way) => ((now.byWay.get(way) ?? 0) - (first.byWay.get(way) ?? 0)) / seconds),
    },
    dropped: droppedOf(sources)
      .map(withFix)
      .sort((a, b) => b.count - a.count),
    store: storeStatus(sources.stats(), readiness(sources, first, now), {
      cpu_share: engineMicros === null ? null : engineMicros / 1e6 / seconds,
      rss_bytes: now.engine?.rssBytes ?? null,
    }),
    sampling: sources.sampling(),
    ...scrapeOf(sources.scrape()),
    slowest_queries: sources.slowest(),
    server: {
      pid: process.pid,
      cpu_share: (now.cpuMicros - first.cpuMicros) / 1e6 / seconds,
      rss_bytes: process.memoryUsage.rss(),
    },
    addresses: sources.addresses(),
  };
}

function droppedOf(sources: StatusSources): DropCount[] {
  return [
    ...droppedInReceive(sources.counters),
    ...droppedByStore(sources.stats()),
    ...(sources.agent().dropped ?? []),
  ];
}

function sampledOut(counters: Counters): number {
  return labelled(counters, "sampled")
    .filter(({ labels }) => labels[0] === "dropped")
    .reduce((sum, { value }) => sum + value, 0);
}

function scrapeOf(targets: readonly ScrapeTarget[] | undefined): Pick<StatusAnswer, "scrape"> {
  if (targets === undefined) return {};
  const of = (state: ScrapeTarget["state"]): number => targets.filter((each) => each.state === state).length;
  return { scrape: { targets: targets.length, up: of("up"), down: of("down") } };
}

const units: readonly DropCount["unit"][] = [
  "spans",
  "logs",
  "metrics",
  "samples",
  "requests",
  "events",
  "bytes",
];

function droppedInReceive(counters: Counters): DropCount[] {
  return labelled(counters, "dropped").map(({ labels, value }) => ({
    place: "receive",
    reason: labels[1] ?? "",
    count: value,
    unit: units.find((unit) => unit === labels[2]) ?? "requests",
  }));
}

function droppedByStore(stats: StoreStats): DropCount[] {
  return (
    Object.entries(stats.dropped)
      .filter(([, { rows, frames }]) => rows + frames > 0)
      // Where nobody knows how many rows there were, each stretch counts once: it is told in any case.
      .map(([reason, { rows, frames }]) => ({
        place: "store",
        reason,
        count: Math.max(rows, frames),
        unit: "events",
      }))
  );
}

function readiness(sources: StatusSources, first: Sample, now: Sample): Readiness {
  if (sources.closing()) return { state: "closed", reason: "the server is stopping" };
  const { state, failure } = sources.stats().engine;
  if (now.diskFull > first.diskFull)
    return { state: "disk-full", reason: "the disk was full within the last ten seconds" };
  if (state !== "ready") return { state: "starting", reason: `the engine is ${state}` };
  if (failure !== undefined) return { state: "busy", reason: `the last insert failed: ${failure}` };
  return { state: "ready", reason: "" };
}
