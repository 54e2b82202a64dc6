// What the system tells about itself; the rules of types.ts hold here too.

/** StatusAnswer is GET status: the bottom line of the frame. Never needs the engine, so it answers while that is down. */
export interface StatusAnswer {
  readonly version: string;
  readonly now_ms: number;
  readonly started_ms: number;
  readonly uptime_s: number;
  readonly agent: AgentStatus;
  readonly ingest: {
    /** Items per second over the last ten seconds. */
    readonly spans_per_s: number;
    readonly logs_per_s: number;
    readonly metrics_per_s: number;
    /** Items acknowledged since the start. */
    readonly spans: number;
    readonly logs: number;
    readonly metrics: number;
    readonly requests: number;
    readonly bytes: number;
    /** What came by each way and signal; only ways that something came by. */
    readonly ways: readonly WayIn[];
  };
  /** Everything refused or dropped since the start, by place and reason, most first; empty means nothing was lost. */
  readonly dropped: readonly DropCount[];
  readonly store: StoreStatus;
  /** What sampling keeps and drops; null where everything is kept. */
  readonly sampling: SamplingStatus | null;
  /** Targets being scraped and how their last scrapes went; GET scrape/targets has each. Absent without --scrape. */
  readonly scrape?: { readonly targets: number; readonly up: number; readonly down: number };
  /** The slowest queries of the last hour, slowest first. */
  readonly slowest_queries: readonly SlowQuery[];
  /** This machine and this process; the server's own share of one CPU, 0…n. */
  readonly server: { readonly pid: number; readonly cpu_share: number; readonly rss_bytes: number };
  /** The folder that everything is kept in; left out where it is not told. */
  readonly folder?: string;
  /** Other machines reach the server, and it asks for its token. */
  readonly asks_token?: boolean;
  readonly addresses: {
    readonly web: string;
    readonly otlp_http: string;
    readonly otlp_grpc: string;
    /** Ports of Jaeger's own, where they were asked for. */
    readonly jaeger_http?: string;
    readonly jaeger_udp?: readonly string[];
  };
}

/** WayIn is what came in by one protocol for one signal since the start. */
export interface WayIn {
  /** `http` and `grpc` are OTLP, `fused` is docs/fused-otlp.md; others are named as their protocol. */
  readonly way: string;
  readonly signal: "traces" | "logs" | "metrics" | "profiles";
  readonly items: number;
  readonly items_per_s: number;
  /** Requests and bytes of a fused request stand with its spans. */
  readonly requests: number;
  readonly refused: number;
  readonly bytes: number;
}

/** StoreStatus is the store: what it takes, what waits, what is on disk, and the engine behind it. */
export interface StoreStatus {
  readonly state: "starting" | "ready" | "busy" | "disk-full" | "failed" | "closed";
  /** Why it is not ready; "" when it is. */
  readonly reason: string;
  readonly disk_bytes: number | null;
  readonly wal_bytes: number | null;
  readonly waiting_rows: number | null;
  readonly waiting_segments: number;
  /** How long the oldest has waited that is acknowledged and not in the tables. */
  readonly waiting_oldest_ms: number;
  /** Disk use by table; `uncompressed_bytes` divided by `disk_bytes` is the compression. */
  readonly tables: readonly TableUse[];
  /** Disk use by tenant and signal, most first. */
  readonly tenants: readonly TenantUse[];
  readonly engine: EngineStatus;
  /** What the disk did wrong under the log since the start. */
  readonly log_faults: { readonly writes: number; readonly syncs: number };
}

/** EngineStatus is the engine's own process; CPU (of one, 0…n) and memory are null where the machine does not tell them. */
export interface EngineStatus {
  readonly state: string;
  readonly restarts: number;
  readonly pid: number | null;
  readonly cpu_share: number | null;
  readonly rss_bytes: number | null;
  /** When the last insert ended (Unix ms) and how long it took; 0 for none yet. */
  readonly last_insert_ms: number;
  readonly last_insert_took_ms: number;
}

/** TableUse is what one table holds. */
export interface TableUse {
  readonly table: string;
  readonly rows: number;
  readonly disk_bytes: number;
  readonly uncompressed_bytes: number;
  readonly parts: number;
  /** Merges under way, and the bytes they merge. */
  readonly merges: number;
  readonly merging_bytes: number;
  /** Seconds after which rows go; 0 keeps them for ever. */
  readonly kept_s: number;
}

/** TenantUse is what one tenant holds of a signal; bytes are its share of the table's by rows. */
export interface TenantUse {
  readonly tenant: string;
  readonly signal: "traces" | "logs" | "metrics";
  readonly rows: number;
  readonly disk_bytes: number;
}

/** SamplingStatus is what sampling does with spans. */
export interface SamplingStatus {
  /** The share of traces that is kept by id. */
  readonly ratio: number;
  /** Traces with a span that lasts as long are kept; 0 for none. */
  readonly slow_ms: number;
  /** Spans kept and dropped since the start, by reason. */
  readonly kept: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  /** What waits for a decision, on disk; a generation is a stretch of time that is decided at once. */
  readonly waiting: { readonly spans: number; readonly bytes: number; readonly generations: number };
  /** Why the last decision could not be made, "" when it could. */
  readonly failure: string;
  /** Traces that are kept and remembered for late spans, and how many were forgotten to make room. */
  readonly remembered: { readonly traces: number; readonly forgotten: number };
}

/** SlowQuery is a statement with the time until its answer began. */
export interface SlowQuery {
  /** The text, shortened; values of parameters are not in it. */
  readonly sql: string;
  readonly took_ms: number;
  /** Rows that the engine read for it, where the answer's format tells them. */
  readonly rows_read: number | null;
  readonly at_ms: number;
  readonly failed: boolean;
}

/** AgentStatus is what the agent tells about itself; `state` "off" is a choice, "failed" has its reason and what to do. */
export interface AgentStatus {
  readonly state: "off" | "starting" | "running" | "partial" | "failed";
  readonly reason: string;
  readonly hint: string;
  readonly probes: number;
  readonly cpu_share: number | null;
  readonly rss_bytes: number | null;
  readonly spans: number;
  readonly processes: readonly WatchedProcess[];
  /** What the agent lost, by reason; also in StatusAnswer.dropped. */
  readonly dropped?: readonly DropCount[];
  /** The agent's programs in the kernel; left out where it tells none. */
  readonly programs?: readonly ProbeProgram[];
  /** Which requests it tells; left out where there is no agent. */
  readonly sampling?: AgentSampleStatus;
}

/** AgentSampleStatus is which requests the agent tells, decided in the kernel. */
export interface AgentSampleStatus {
  readonly share: number;
  /** Requests answered with 500 or above are told whatever the share. */
  readonly errors: boolean;
  /** 0 is no limit. */
  readonly spans_per_second: number;
  /** Services with another share: their own, or what the limit leaves them. */
  readonly services: Readonly<Record<string, number>>;
  /** Requests to services that were seen and not told. */
  readonly untold: number;
}

/** ProbeProgram is one program in the kernel: how often it ran and how long in all, as far as the kernel counts that. */
export interface ProbeProgram {
  readonly name: string;
  /** 0 where the kernel does not count (kernel.bpf_stats_enabled). */
  readonly runs: number;
  readonly run_ns: number;
}

/** WatchedProcess is one process the agent looked at, watched or not, and why. */
export interface WatchedProcess {
  readonly pid: number;
  readonly service_name: string;
  readonly executable: string;
  readonly runtime: string;
  readonly watched: boolean;
  readonly reason: string;
  readonly probes: number;
  readonly spans: number;
}

/** DropCount counts items (spans, records, requests) lost or refused at one place for one reason. */
export interface DropCount {
  readonly place: "receive" | "store" | "agent" | "stream";
  readonly reason: string;
  readonly count: number;
  readonly unit: "spans" | "logs" | "metrics" | "samples" | "requests" | "events" | "bytes";
  /** What to do about it. */
  readonly fix?: string;
}

/**
 * HistoryAnswer is GET history: the last minutes of what status tells. Bucket i covers start_ms + i*step_ms … + step_ms;
 * null: the server did not run.
 */
export interface HistoryAnswer {
  readonly start_ms: number;
  readonly step_ms: number;
  readonly count: number;
  /** Items per second. */
  readonly spans: readonly (number | null)[];
  readonly logs: readonly (number | null)[];
  readonly metrics: readonly (number | null)[];
  /** Lost or refused, and spans that sampling dropped, per second. */
  readonly dropped: readonly (number | null)[];
  readonly sampled_out: readonly (number | null)[];
  /** The most that waited, and the longest. */
  readonly waiting_bytes: readonly (number | null)[];
  readonly waiting_oldest_ms: readonly (number | null)[];
  /** Shares of one CPU. */
  readonly server_cpu: readonly (number | null)[];
  readonly engine_cpu: readonly (number | null)[];
}
