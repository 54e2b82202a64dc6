import type { Signal, StoreStats } from "@go3s/store";
import type { AgentStatus, DropCount, SamplingStatus, SlowQuery, StatusAnswer } from "./api/types.js";
import { type Counters, count, labelled } from "./counters.js";

type Items = Readonly<Record<Signal, number>>;

/** StatusSources are where the status comes from; none of them asks the engine. */
export interface StatusSources {
  readonly counters: Counters;
  readonly stats: () => StoreStats;
  readonly agent: () => AgentStatus;
  readonly addresses: () => StatusAnswer["addresses"];
  readonly version: string;
  readonly closing: () => boolean;
  readonly sampling: () => SamplingStatus | null;
  readonly slowest: () => readonly SlowQuery[];
}

/** StatusBoard keeps the last seconds' counts, so that rates can be told. */
export interface StatusBoard {
  status(): StatusAnswer;
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
  readonly cpuMicros: number;
  /** Appends refused so far because the disk was full. */
  readonly diskFull: number;
}

// Rates are over ten seconds: shorter ones jump with each batch of a sender.
const kept = 10;

/** createStatusBoard samples the counters once a second. */
export function createStatusBoard(sources: StatusSources): StatusBoard {
  const { counters } = sources;
  const items = ["traces", "logs", "metrics"].map((signal) => count(counters, "items", signal));
  const sample = (): Sample => {
    const { user, system } = process.cpuUsage();
    const [traces = 0, logs = 0, metrics = 0] = items.map((item) => item.value);
    const diskFull = sources.stats().refused["disk-full"] ?? 0;
    return { at: performance.now(), items: { traces, logs, metrics }, cpuMicros: user + system, diskFull };
  };
  let samples = [sample()];
  const timer = setInterval(() => {
    samples = [...samples.slice(1 - kept), sample()];
  }, 1000);
  timer.unref();
  const close = () => clearInterval(timer);
  return {
    status: () => statusOf(sources, samples[0] ?? sample(), sample()),
    readiness: () => readiness(sources, samples[0] ?? sample(), sample()),
    close,
    [Symbol.dispose]: close,
  };
}

function statusOf(sources: StatusSources, first: Sample, now: Sample): StatusAnswer {
  const { counters } = sources;
  const seconds = Math.max(0.5, (now.at - first.at) / 1000);
  const rate = (signal: Signal) => (now.items[signal] - first.items[signal]) / seconds;
  const total = (name: "requests" | "bytes") =>
    labelled(counters, name).reduce((sum, { value }) => sum + value, 0);
  return {
    version: sources.version,
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
    },
    dropped: [
      ...droppedOf(counters),
      ...droppedByStore(sources.stats()),
      ...(sources.agent().dropped ?? []),
    ].sort((a, b) => b.count - a.count),
    store: storeStatus(sources.stats(), readiness(sources, first, now)),
    sampling: sources.sampling(),
    slowest_queries: sources.slowest(),
    server: {
      pid: process.pid,
      cpu_share: (now.cpuMicros - first.cpuMicros) / 1e6 / seconds,
      rss_bytes: process.memoryUsage.rss(),
    },
    addresses: sources.addresses(),
  };
}

const units: readonly DropCount["unit"][] = ["spans", "logs", "metrics", "requests", "events", "bytes"];

function droppedOf(counters: Counters): DropCount[] {
  return labelled(counters, "dropped").map(({ labels, value }) => ({
    place: "receive",
    reason: labels[1] ?? "",
    count: value,
    unit: units.find((unit) => unit === labels[2]) ?? "requests",
  }));
}

function droppedByStore(stats: StoreStats): DropCount[] {
  return Object.entries(stats.dropped)
    .filter(([, { rows }]) => rows > 0)
    .map(([reason, { rows }]) => ({ place: "store", reason, count: rows, unit: "events" }));
}

function storeStatus(stats: StoreStats, { state, reason }: Readiness): StatusAnswer["store"] {
  return {
    state,
    reason,
    disk_bytes: stats.tables.reduce((sum, table) => sum + table.diskBytes, 0),
    wal_bytes: stats.waiting.bytes,
    waiting_rows: stats.waiting.rows,
    waiting_oldest_ms: stats.waiting.oldest_ms,
    tables: stats.tables.map(({ table, rows, diskBytes, uncompressedBytes, parts }) => ({
      table,
      rows,
      disk_bytes: diskBytes,
      uncompressed_bytes: uncompressedBytes,
      parts,
    })),
    log_faults: { writes: stats.log.failedWrites, syncs: stats.log.failedSyncs },
  };
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
