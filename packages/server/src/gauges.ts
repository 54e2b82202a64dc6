import type { StoreStats } from "@go3s/store";
import type { StatusAnswer } from "./api/types.js";
import type { Gauge } from "./web/metrics.js";

/** gaugesOf lists what /metrics shows as it is now; gauges of one name stand together. */
export function gaugesOf(status: StatusAnswer, stats: StoreStats): Gauge[] {
  const gauge = (name: string, unit: string, help: string, value: number): Gauge => ({
    name,
    unit,
    help,
    value,
  });
  return [
    gauge("go3s_uptime_seconds", "seconds", "Time since the start.", status.uptime_s),
    gauge("go3s_server_resident_bytes", "bytes", "Memory of the server's process.", status.server.rss_bytes),
    gauge(
      "go3s_store_ready",
      "",
      "1 when the store takes work and answers.",
      status.store.state === "ready" ? 1 : 0,
    ),
    gauge("go3s_store_waiting_bytes", "bytes", "Acknowledged, not yet in the tables.", stats.waiting.bytes),
    gauge("go3s_store_waiting_rows", "", "Rows acknowledged, not yet in the tables.", stats.waiting.rows),
    gauge("go3s_store_waiting_segments", "", "Segments of the log that wait.", stats.waiting.segments),
    gauge(
      "go3s_store_waiting_oldest_seconds",
      "seconds",
      "How long the oldest of it has waited.",
      stats.waiting.oldest_ms / 1000,
    ),
    ...Object.entries({ write: stats.log.failedWrites, sync: stats.log.failedSyncs }).map(
      ([during, faults]) => ({
        ...gauge("go3s_store_log_faults", "", "Writes and syncs of the log that the disk failed.", faults),
        labels: { during },
      }),
    ),
    ...Object.entries(stats.refused).map(([reason, calls]) => ({
      ...gauge("go3s_store_refused", "", "Group commits refused, by reason.", calls),
      labels: { reason },
    })),
    gauge("go3s_store_engine_restarts", "", "How often the engine was started again.", stats.engine.restarts),
    ...stats.tables.map((table) => ({
      ...gauge("go3s_store_disk_bytes", "bytes", "Disk use by table.", table.diskBytes),
      labels: { table: table.table },
    })),
    ...stats.tables.map((table) => ({
      ...gauge(
        "go3s_store_uncompressed_bytes",
        "bytes",
        "The same before compression.",
        table.uncompressedBytes,
      ),
      labels: { table: table.table },
    })),
    ...stats.tables.map((table) => ({
      ...gauge("go3s_store_parts", "", "Parts by table.", table.parts),
      labels: { table: table.table },
    })),
    ...stats.tables.map((table) => ({
      ...gauge("go3s_store_rows", "", "Rows by table.", table.rows),
      labels: { table: table.table },
    })),
    ...Object.entries(stats.dropped).map(([reason, { rows }]) => ({
      ...gauge("go3s_store_set_aside_rows", "", "Rows of the log that could not be used, by reason.", rows),
      labels: { reason },
    })),
    ...samplingGauges(status),
    ...status.slowest_queries
      .slice(0, 1)
      .map(({ took_ms }) =>
        gauge(
          "go3s_query_slowest_seconds",
          "seconds",
          "The slowest query of the last hour; the status has its text.",
          took_ms / 1000,
        ),
      ),
    gauge("go3s_agent_processes", "", "Processes being watched.", watched(status)),
    gauge("go3s_agent_probes", "", "Probes attached.", status.agent.probes),
    gauge("go3s_agent_spans", "", "Spans the agent made since its start.", status.agent.spans),
  ];
}

function samplingGauges({ sampling }: StatusAnswer): Gauge[] {
  if (sampling === null) return [];
  const { ratio, waiting } = sampling;
  const row = (name: string, unit: string, help: string, value: number): Gauge => ({
    name,
    unit,
    help,
    value,
  });
  return [
    row("go3s_sample_ratio", "", "The share of traces that is kept by id.", ratio),
    row("go3s_sample_waiting_spans", "", "Spans that wait for a decision.", waiting.spans),
    row("go3s_sample_waiting_bytes", "bytes", "Memory of those.", waiting.bytes),
  ];
}

function watched(status: StatusAnswer): number {
  return status.agent.processes.filter((process) => process.watched).length;
}
