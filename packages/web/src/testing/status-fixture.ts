import type { HistoryAnswer, StatusAnswer } from "@go3s/server";
import { hostile, seeded, serviceNames } from "./seeded.js";

/** statusAnswer makes the system's own state. */
export function statusAnswer(at: number): StatusAnswer {
  return {
    version: "0.1.0",
    now_ms: at,
    started_ms: at - 7_200_000,
    uptime_s: 7200,
    agent: {
      state: "running",
      reason: "",
      hint: "",
      probes: 48,
      cpu_share: 0.007,
      rss_bytes: 88e6,
      spans: 912_345,
      programs: [
        { name: "on_recv", runs: 4_120_331, run_ns: 1_977_758_880 },
        { name: "on_send", runs: 4_118_970, run_ns: 1_606_398_300 },
        { name: "on_exec", runs: 0, run_ns: 0 },
      ],
      processes: serviceNames.map((service_name, index) => ({
        pid: 4000 + index,
        service_name,
        executable: `/usr/local/bin/${service_name}`,
        runtime: index === 7 ? "node" : "go1.26.8",
        watched: index !== 7,
        reason: index === 7 ? "not a Go program: only its TCP connections are seen" : "serves HTTP",
        probes: index === 7 ? 0 : 5,
        spans: 1000 * (10 - index),
      })),
    },
    ingest: {
      spans_per_s: 31_200,
      logs_per_s: 44,
      metrics_per_s: 0,
      spans: 9e6,
      logs: 4e5,
      metrics: 0,
      requests: 18_000,
      bytes: 4e9,
      ways: [
        {
          way: "fused",
          signal: "traces",
          items: 7e6,
          items_per_s: 24_000,
          requests: 9_000,
          refused: 0,
          bytes: 4.2e8,
        },
        {
          way: "http",
          signal: "traces",
          items: 2e6,
          items_per_s: 7_200,
          requests: 6_000,
          refused: 3,
          bytes: 3.1e9,
        },
        {
          way: "grpc",
          signal: "logs",
          items: 4e5,
          items_per_s: 44,
          requests: 3_000,
          refused: 0,
          bytes: 4.8e8,
        },
      ],
    },
    dropped: [
      {
        place: "agent",
        reason: "ring-full",
        count: 12,
        unit: "events",
        fix: "more events than the agent can read: watch fewer processes or give it a CPU",
      },
      { place: "receive", reason: hostile, count: 1, unit: "requests" },
    ],
    store: {
      state: "ready",
      reason: "",
      disk_bytes: 4.1e9,
      wal_bytes: 12e6,
      waiting_rows: 1200,
      waiting_segments: 2,
      waiting_oldest_ms: 900,
      tables: [
        tableUse("traces", 57e6, 4.1e9, 2.9e10, 14, 604_800),
        tableUse("logs", 3e6, 2.6e8, 2.1e9, 6, 604_800),
        tableUse("red_minutes", 120_000, 7e6, 3e7, 3, 7_776_000),
        tableUse("resources", 12, 9_000, 30_000, 1, 0),
      ],
      tenants: [
        { tenant: "default", signal: "traces", rows: 50e6, disk_bytes: 3.6e9 },
        { tenant: hostile, signal: "traces", rows: 7e6, disk_bytes: 5e8 },
        { tenant: "default", signal: "logs", rows: 3e6, disk_bytes: 2.6e8 },
      ],
      engine: {
        state: "ready",
        restarts: 1,
        pid: 1250,
        cpu_share: 0.31,
        rss_bytes: 1.2e9,
        last_insert_ms: at - 1500,
        last_insert_took_ms: 212,
      },
      log_faults: { writes: 0, syncs: 0 },
    },
    sampling,
    scrape: { targets: 2, up: 1, down: 1 },
    slowest_queries: [
      {
        sql: "SELECT count() FROM traces",
        took_ms: 812,
        rows_read: 57e6,
        at_ms: at - 120_000,
        failed: false,
      },
      { sql: `SELECT '${hostile}'`, took_ms: 90, rows_read: null, at_ms: at - 600_000, failed: true },
    ],
    server: { pid: 1234, cpu_share: 0.021, rss_bytes: 210e6 },
    folder: "/var/lib/go3s",
    asks_token: false,
    addresses: {
      web: "http://127.0.0.1:7303",
      otlp_http: "http://127.0.0.1:4318",
      otlp_grpc: "127.0.0.1:4317",
    },
  };
}

const tableUse = (
  table: string,
  rows: number,
  disk_bytes: number,
  uncompressed_bytes: number,
  parts: number,
  kept_s: number,
) => ({
  table,
  rows,
  disk_bytes,
  uncompressed_bytes,
  parts,
  kept_s,
  merges: table === "traces" ? 1 : 0,
  merging_bytes: table === "traces" ? 3e8 : 0,
});

/** historyAnswer makes the last minutes: a quiet time, then load. */
export function historyAnswer(at: number): HistoryAnswer {
  const random = seeded(5);
  const count = 180;
  const series = (level: number, from = 40) =>
    Array.from({ length: count }, (_, index) =>
      index < 20 ? null : (index < from ? 0.1 : 1) * level * (0.9 + 0.2 * random()),
    );
  return {
    start_ms: at - count * 5_000,
    step_ms: 5_000,
    count,
    spans: series(31_200),
    logs: series(44),
    metrics: series(900, 20),
    dropped: series(0),
    sampled_out: series(280),
    waiting_bytes: series(12e6),
    waiting_oldest_ms: series(900),
    server_cpu: series(0.02),
    engine_cpu: series(0.31),
  };
}

const sampling = {
  ratio: 0.1,
  slow_ms: 500,
  kept: { ratio: 900_000, error: 12_000, slow: 4_100, trace: 8_000 },
  dropped: { ratio: 8_100_000, evicted: 12 },
  waiting: { spans: 31_000, bytes: 9e6, generations: 3 },
  failure: "",
  remembered: { traces: 4_000, forgotten: 0 },
};
