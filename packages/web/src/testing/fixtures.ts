import type {
  FacetsAnswer,
  FieldsAnswer,
  HistoryAnswer,
  JSONCompactAnswer,
  LogRow,
  LogsAnswer,
  MapAnswer,
  MapEdge,
  OperationRow,
  Red,
  ScrapeTargetsAnswer,
  ServiceAnswer,
  ServiceRow,
  ServicesAnswer,
  StatusAnswer,
  TcpAnswer,
  TraceRow,
  TracesAnswer,
} from "@go3s/server";

// Answers in exactly the server's shape, for the browser tests of what no store is needed for: states, keys, layout.
// Figures are made by a fixed seed, so that a picture can be compared with the last one.

/** seeded gives numbers 0…1 that are the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** serviceNames of the made shop. */
export const serviceNames = [
  "frontend",
  "checkout",
  "cart",
  "payment",
  "catalog",
  "shipping",
  "currency",
  "email",
  "recommendation",
  "inventory",
] as const;

/** hostile is a text that tries to be markup, to turn the reading direction and to hide. */
export const hostile =
  '<img src=x onerror="window.__hacked=1">\u202eevil\u0007<script>window.__hacked=1</script>';

const buckets = 60;

/** rangeOf is the hour before a moment. */
const rangeOf = (at: number) => ({ from_ms: at - 3_600_000, to_ms: at });
const bucketsOf = (at: number) => ({ start_ms: at - 3_600_000, step_ms: 60_000, count: buckets });

function red(random: () => number, scale: number): Red {
  const requests = Math.round(3600 * scale * (0.5 + random()));
  const errors = random() < 0.4 ? Math.round(requests * random() * 0.05) : 0;
  const p50 = 2e6 * (0.5 + random() * 8);
  return {
    requests,
    rate: requests / 3600,
    errors,
    error_share: requests === 0 ? 0 : errors / requests,
    p50_ns: Math.round(p50),
    p95_ns: Math.round(p50 * (2 + random())),
    p99_ns: Math.round(p50 * (4 + random() * 6)),
  };
}

const wave = (random: () => number, level: number, bump = 1): number[] =>
  Array.from({ length: buckets }, (_, at) => level * (0.8 + 0.4 * random()) * (at > buckets - 9 ? bump : 1));

/** servicesAnswer makes ten services; checkout fails more than usual, payment is slower than usual. */
export function servicesAnswer(at: number): ServicesAnswer {
  const random = seeded(7);
  const services: ServiceRow[] = serviceNames.map((service_name, index) => {
    const own = red(random, 30 / (index + 1));
    return {
      ...own,
      service_name,
      last_seen_ms: at - Math.round(random() * 20_000),
      spark: {
        rate: wave(random, own.rate),
        errors: wave(random, own.errors / 3600, service_name === "checkout" ? 14 : 1),
        p99_ns: wave(random, own.p99_ns, service_name === "payment" ? 6 : 1),
      },
    };
  });
  return { range: rangeOf(at), buckets: bucketsOf(at), services, last_seen_ms: at };
}

/** serviceAnswer makes one service. */
export function serviceAnswer(at: number, service_name: string): ServiceAnswer {
  const random = seeded(service_name.length * 31);
  const own = red(random, 12);
  const operations: OperationRow[] = [
    "GET /cart/{id}",
    "POST /checkout",
    "GET /products",
    "GET /healthz",
    hostile,
  ].map((operation, index) => ({ ...red(random, 6 / (index + 1)), operation, kind: "SERVER" }));
  const example = (index: number) => ({
    trace_id: traceId(index),
    span_id: spanId(index),
    operation: operations[index % 4]?.operation ?? "",
    timestamp_ns: `${at - index * 31_000}000000`,
    duration_ns: 9e8 / (index + 1),
    status_code: "UNSET" as const,
    status_message: "",
  });
  const neighbour = (name: string) => ({ ...red(random, 3), name, kind: "service" as const });
  return {
    ...own,
    service_name,
    range: rangeOf(at),
    buckets: bucketsOf(at),
    last_seen_ms: at,
    series: {
      rate: wave(random, own.rate),
      errors: wave(random, own.errors / 3600),
      p50_ns: wave(random, own.p50_ns),
      p95_ns: wave(random, own.p95_ns),
      p99_ns: wave(random, own.p99_ns),
    },
    operations,
    slowest: Array.from({ length: 6 }, (_, index) => example(index)),
    failing: Array.from({ length: 3 }, (_, index) => ({
      ...example(index + 6),
      status_code: "ERROR" as const,
      status_message: "deadline",
    })),
    deploys: [{ key: "service.version", value: "1.8.3", first_ms: at - 600_000 }],
    callers: [neighbour("frontend")],
    callees: ["payment", "cart", "shipping"].map(neighbour),
  };
}

/** traceId makes the id of a trace from its number. */
export const traceId = (index: number): string => (index + 1).toString(16).padStart(32, "a");
/** spanId makes the id of a span from its number. */
export const spanId = (index: number): string => (index + 1).toString(16).padStart(16, "b");

/** tracesAnswer makes a list of traces, one of them a minute long. */
export function tracesAnswer(at: number, limit: number): TracesAnswer {
  const random = seeded(11);
  const total = 260;
  const traces: TraceRow[] = Array.from({ length: Math.min(limit, total) }, (_, index) => ({
    trace_id: traceId(index),
    root_service: "frontend",
    root_operation:
      index === 3 ? hostile : (["GET /cart", "POST /checkout", "GET /products"][index % 3] ?? ""),
    root_missing: index === 5,
    start_ns: `${at - index * 2300}123456`,
    duration_ns: index === 2 ? 6.1e10 : Math.round(1e6 * 10 ** (random() * 2.4)),
    spans: 4 + Math.floor(random() * 40),
    errors: index % 9 === 0 ? 1 : 0,
    services: serviceNames.slice(0, 1 + Math.floor(random() * 7)),
    matched: 1 + Math.floor(random() * 4),
    matched_span_id: spanId(1),
  }));
  const count = wave(random, 900).map(Math.round);
  return {
    range: rangeOf(at),
    traces,
    more: limit < total,
    histogram: {
      buckets: bucketsOf(at),
      count,
      errors: count.map((value, index) => (index > 50 ? Math.round(value / 12) : 0)),
    },
    last_seen_ms: at,
  };
}

/** logsAnswer makes lines, newest first; `before` continues below. */
export function logsAnswer(at: number, limit: number, before: string | null, extra = 0): LogsAnswer {
  const start = before === null ? -extra : Number(before) + 1;
  const total = 3000;
  const levels = ["INFO", "INFO", "DEBUG", "INFO", "WARN", "ERROR"] as const;
  const rows: LogRow[] = [];
  for (let index = start; index < Math.min(total, start + limit); index++) {
    const level = levels[Math.abs(index * 7) % levels.length] ?? "INFO";
    rows.push({
      cursor: String(index),
      timestamp_ns: `${at - index * 900}000000`,
      service_name: serviceNames[Math.abs(index * 3) % serviceNames.length] ?? "",
      level,
      severity_text: level,
      event_name: "",
      body:
        index === 4
          ? hostile
          : level === "ERROR"
            ? `payment refused: card ${index} expired`
            : `handled request ${index} in 12ms`,
      trace_id: index % 2 === 0 ? traceId(index) : "",
      span_id: index % 2 === 0 ? spanId(1) : "",
      attributes: { "http.route": "/checkout", "thread.id": String(index % 8) },
    });
  }
  const count = wave(seeded(5), 55).map(Math.round);
  return {
    range: rangeOf(at),
    rows,
    more: start + limit < total,
    histogram: { buckets: bucketsOf(at), count, errors: count.map((value) => Math.round(value / 10)) },
    last_seen_ms: at,
  };
}

/** mapAnswer makes a map with services, a database, a process and many outside addresses. */
export function mapAnswer(at: number): MapAnswer {
  const random = seeded(3);
  const service = (name: string) => `service:${name}`;
  const pairs: readonly (readonly [string, string])[] = [
    ["frontend", "checkout"],
    ["frontend", "cart"],
    ["frontend", "catalog"],
    ["frontend", "recommendation"],
    ["checkout", "payment"],
    ["checkout", "cart"],
    ["checkout", "shipping"],
    ["checkout", "currency"],
    ["checkout", "email"],
    ["recommendation", "catalog"],
    ["catalog", "inventory"],
  ];
  const edge = (from: string, to: string, source: MapEdge["source"]): MapEdge => ({
    ...red(random, 4),
    from,
    to,
    source,
    bytes_sent: source === "tcp" ? 120_000 : 0,
    bytes_received: source === "tcp" ? 3_200_000 : 0,
  });
  const outside = Array.from({ length: 14 }, (_, index) => `external:10.1.0.${index + 2}`);
  return {
    range: rangeOf(at),
    nodes: [
      ...serviceNames.map((name, index) => ({
        ...red(random, 20 / (index + 1)),
        id: service(name),
        name,
        kind: "service" as const,
      })),
      { ...red(random, 5), id: "database:postgres", name: "postgres", kind: "database" as const },
      { ...red(random, 0), id: "process:redis-server", name: "redis-server", kind: "process" as const },
      ...outside.map((id) => ({ ...red(random, 0), id, name: id.slice(9), kind: "external" as const })),
    ],
    edges: [
      ...pairs.map(([from, to]) => edge(service(from), service(to), "spans")),
      edge(service("payment"), "database:postgres", "spans"),
      edge(service("cart"), "process:redis-server", "tcp"),
      ...outside.map((id) => edge(id, service("frontend"), "tcp")),
    ],
    last_seen_ms: at,
  };
}

/** tcpAnswer makes connections between cart and redis. */
export function tcpAnswer(at: number): TcpAnswer {
  return {
    range: rangeOf(at),
    more: false,
    connections: Array.from({ length: 20 }, (_, index) => ({
      timestamp_ns: `${at - index * 500}000000`,
      event: index % 2 === 0 ? ("tcp.connect" as const) : ("tcp.close" as const),
      service_name: "cart",
      pid: 4242,
      role: "client" as const,
      network_type: "ipv4" as const,
      local: `127.0.0.1:${40_000 + index}`,
      peer: "127.0.0.1:6379",
      peer_service: "redis-server",
      connect_ns: 45_000,
      duration_ns: index % 2 === 0 ? null : 9e8,
      bytes_sent: null,
      bytes_received: null,
      error_type: index === 6 ? "ECONNREFUSED" : "",
    })),
  };
}

/** facetsAnswer makes values beside a result. */
export function facetsAnswer(at: number): FacetsAnswer {
  return {
    range: rangeOf(at),
    sampled: 10_000,
    facets: [
      {
        key: "service",
        values: serviceNames
          .slice(0, 6)
          .map((value, index) => ({ value, count: 900 - index * 120, lift: index === 1 ? 3.2 : 1 })),
      },
      {
        key: "http.route",
        values: ["/cart/{id}", "/checkout", hostile].map((value) => ({ value, count: 70, lift: 1 })),
      },
      { key: "status", values: [{ value: "error", count: 31, lift: 1 }] },
    ],
  };
}

/** fieldsAnswer makes the known keys. */
export const fieldsAnswer: FieldsAnswer = {
  fields: ["service", "operation", "duration", "status", "http.route"].map((key) => ({
    key,
    source: key.includes(".") ? "attribute" : "column",
    type: key === "duration" ? "duration" : "text",
    count: 100,
    detail: "",
  })),
};

/** sqlAnswer makes a result that is a plot by its shape. */
export function sqlAnswer(at: number): JSONCompactAnswer {
  return {
    meta: [
      { name: "time", type: "DateTime" },
      { name: "service_name", type: "LowCardinality(String)" },
      { name: "p99_ms", type: "Float64" },
    ],
    data: Array.from({ length: 120 }, (_, index) => [
      new Date(at - Math.floor(index / 2) * 60_000).toISOString().slice(0, 19).replace("T", " "),
      serviceNames[index % 2] ?? "",
      12 + (index % 7),
    ]),
    rows: 120,
    statistics: { elapsed: 0.012, rows_read: 48_000, bytes_read: 910_000 },
  };
}

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

/** scrapeTargetsAnswer makes a target that answers and one that does not. */
export function scrapeTargetsAnswer(at: number): ScrapeTargetsAnswer {
  const target = (instance: string, more: Partial<ScrapeTargetsAnswer["targets"][number]>) => ({
    job: "node",
    url: `http://${instance}/metrics`,
    labels: { job: "node", instance },
    state: "up" as const,
    error: "",
    last_ms: at - 4_000,
    duration_ms: 12,
    samples: 812,
    kept: 640,
    interval_ms: 15_000,
    timeout_ms: 10_000,
    ...more,
  });
  return {
    targets: [
      target("10.0.0.7:9100", {}),
      target("10.0.0.8:9100", {
        state: "down",
        error: `connect ECONNREFUSED 10.0.0.8:9100 ${hostile}`,
        samples: null,
        kept: null,
      }),
    ],
    problems: [{ job: "files", source: "targets.json", error: "no such file" }],
  };
}
