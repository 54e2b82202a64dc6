import type { StoreStats } from "@go3s/store";
import type {
  AgentStatus,
  EngineStatus,
  ProbeProgram,
  StatusAnswer,
  TableUse,
  TenantUse,
} from "./api/types.js";
import type { Gauge } from "./web/metrics.js";

/** gaugesOf lists what /metrics shows as it is now; gauges of one name stand together. */
export function gaugesOf(status: StatusAnswer, stats: StoreStats): Gauge[] {
  return [
    gauge("go3s_uptime_seconds", "seconds", "Time since the start.", status.uptime_s),
    gauge("go3s_server_resident_bytes", "bytes", "Memory of the server's process.", status.server.rss_bytes),
    gauge("go3s_server_cpu_ratio", "", "CPU of the server's process, of one CPU.", status.server.cpu_share),
    ...engineGauges(status.store.engine),
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
    ...tableGauges(status),
    ...tenantGauges(status),
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
    ...agentGauges(status.agent),
  ];
}

const gauge = (
  name: string,
  unit: string,
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): Gauge => ({ name, unit, help, value, labels });

/** known leaves out what is not known. */
const known = (name: string, unit: string, help: string, value: number | null): Gauge[] =>
  value === null ? [] : [gauge(name, unit, help, value)];

function engineGauges(engine: EngineStatus): Gauge[] {
  return [
    gauge("go3s_engine_up", "", "1 when the engine's process answers.", engine.state === "ready" ? 1 : 0),
    gauge("go3s_engine_restarts", "", "How often the engine was started again.", engine.restarts),
    ...known("go3s_engine_cpu_ratio", "", "CPU of the engine's process, of one CPU.", engine.cpu_share),
    ...known("go3s_engine_resident_bytes", "bytes", "Memory of the engine's process.", engine.rss_bytes),
    gauge(
      "go3s_engine_last_insert_timestamp_seconds",
      "seconds",
      "When the last insert ended, Unix time; 0 for none.",
      engine.last_insert_ms / 1000,
    ),
    gauge(
      "go3s_engine_last_insert_duration_seconds",
      "seconds",
      "How long it took.",
      engine.last_insert_took_ms / 1000,
    ),
  ];
}

function tableGauges({ store }: StatusAnswer): Gauge[] {
  const each = (name: string, unit: string, help: string, of: (table: TableUse) => number): Gauge[] =>
    store.tables.map((table) => gauge(name, unit, help, of(table), { table: table.table }));
  return [
    ...each("go3s_store_merges", "", "Merges under way by table.", ({ merges }) => merges),
    ...each("go3s_store_merging_bytes", "bytes", "Bytes that they merge.", (table) => table.merging_bytes),
    ...each(
      "go3s_store_retention_seconds",
      "seconds",
      "How long rows are kept; 0 for ever.",
      ({ kept_s }) => kept_s,
    ),
  ];
}

function tenantGauges({ store }: StatusAnswer): Gauge[] {
  const each = (name: string, unit: string, help: string, of: (use: TenantUse) => number): Gauge[] =>
    store.tenants.map((use) => gauge(name, unit, help, of(use), { tenant: use.tenant, table: use.signal }));
  return [
    ...each(
      "go3s_tenant_disk_bytes",
      "bytes",
      "Disk use by tenant, its share by rows.",
      (use) => use.disk_bytes,
    ),
    ...each("go3s_tenant_rows", "", "Rows by tenant.", ({ rows }) => rows),
  ];
}

function agentGauges(agent: AgentStatus): Gauge[] {
  const programs = (
    name: string,
    unit: string,
    help: string,
    of: (program: ProbeProgram) => number,
  ): Gauge[] =>
    (agent.programs ?? []).map((program) => gauge(name, unit, help, of(program), { program: program.name }));
  return [
    gauge(
      "go3s_agent_up",
      "",
      "1 when the agent watches, in whole or in part.",
      agent.state === "running" || agent.state === "partial" ? 1 : 0,
    ),
    gauge("go3s_agent_processes", "", "Processes being watched.", watched(agent)),
    gauge("go3s_agent_probes", "", "Probes attached.", agent.probes),
    gauge("go3s_agent_spans", "", "Spans the agent made since its start.", agent.spans),
    ...known("go3s_agent_cpu_ratio", "", "CPU of the agent's process, of one CPU.", agent.cpu_share),
    ...known("go3s_agent_resident_bytes", "bytes", "Memory of the agent's process.", agent.rss_bytes),
    ...(agent.dropped ?? []).map((drop) =>
      gauge("go3s_agent_dropped", "", "What the agent lost since its start, by reason.", drop.count, {
        reason: drop.reason,
      }),
    ),
    ...programs(
      "go3s_agent_program_runs",
      "",
      "Runs of a program in the kernel, where it counts them.",
      ({ runs }) => runs,
    ),
    ...programs("go3s_agent_program_run_seconds", "seconds", "Time they took.", ({ run_ns }) => run_ns / 1e9),
  ];
}

function samplingGauges({ sampling }: StatusAnswer): Gauge[] {
  if (sampling === null) return [];
  const { ratio, waiting, remembered, failure } = sampling;
  return [
    gauge("go3s_sample_ratio", "", "The share of traces that is kept by id.", ratio),
    gauge("go3s_sample_waiting_spans", "", "Spans that wait for a decision.", waiting.spans),
    gauge("go3s_sample_waiting_bytes", "bytes", "Bytes of those on disk.", waiting.bytes),
    gauge(
      "go3s_sample_waiting_generations",
      "",
      "Stretches of time that wait for theirs.",
      waiting.generations,
    ),
    gauge(
      "go3s_sample_failing",
      "",
      "1 while decisions cannot be made; the status says why.",
      failure === "" ? 0 : 1,
    ),
    gauge("go3s_sample_kept_traces", "", "Traces whose late spans are kept too.", remembered.traces),
    gauge(
      "go3s_sample_forgotten_traces",
      "",
      "Those that were forgotten to make room.",
      remembered.forgotten,
    ),
  ];
}

function watched(agent: AgentStatus): number {
  return agent.processes.filter((process) => process.watched).length;
}
