import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shopFailures, shopLogs, shopSpans, shopTraces, spanIdOf, traceIdOf } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";
import type {
  CompleteAnswer,
  ErrorBody,
  FacetsAnswer,
  FieldsAnswer,
  FilterParseAnswer,
  LogsAnswer,
  MapAnswer,
  ServiceAnswer,
  ServicesAnswer,
  SpanAnswer,
  StatusAnswer,
  TcpAnswer,
  TraceAnswer,
  TracesAnswer,
} from "./types.js";

let started: Started;
// The shop's minute lies in the past hour and begins at a round one, so that buckets are known.
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const minute = `from=${startMs}&to=${startMs + 60_000}`;

async function ingest(path: string, body: Uint8Array): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  const { otlp_http } = started.server.addresses;
  const answer = await send(`${otlp_http}/v1/${path}`, { method: "POST", headers, body });
  assert.equal(answer.status, 200);
}

before(async () => {
  started = await start();
  await ingest("traces", shopSpans(startMs));
  await ingest("logs", shopLogs(startMs));
  await started.store.flush();
});
after(() => started.close());

async function get<T>(path: string, filter = ""): Promise<T> {
  const address = `/api/v1/${path}${path.includes("?") ? "&" : "?"}filter=${encodeURIComponent(filter)}`;
  const answer = await send(started.server.addresses.web, { path: address });
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString());
}

async function failure(
  path: string,
): Promise<{ readonly status: number; readonly error: ErrorBody["error"] }> {
  const answer = await send(started.server.addresses.web, { path: `/api/v1/${path}` });
  const body: ErrorBody = JSON.parse(answer.body.toString());
  return { status: answer.status, error: body.error };
}

const close = (actual: number | null | undefined, wanted: number, share = 0.02) =>
  assert.ok(
    actual != null && Math.abs(actual - wanted) <= wanted * share,
    `${actual} is not about ${wanted}`,
  );

test("services have rate, errors, quantiles and sparklines", async () => {
  const answer = await get<ServicesAnswer>(`services?${minute}`);
  assert.deepEqual(answer.services.map((row) => row.service_name).sort(), [
    "checkout",
    "gateway",
    "payments",
  ]);
  const gateway = answer.services.find((row) => row.service_name === "gateway");
  const payments = answer.services.find((row) => row.service_name === "payments");
  assert.equal(gateway?.requests, shopTraces);
  assert.equal(gateway?.errors, 0);
  assert.equal(gateway?.rate, 1);
  close(gateway?.p50_ns, 129.5e6);
  close(gateway?.p99_ns, 158.4e6);
  assert.equal(payments?.errors, shopFailures);
  assert.equal(payments?.error_share, 0.1);
  const { buckets } = answer;
  assert.equal(gateway?.spark.rate.length, buckets.count);
  const requests = gateway?.spark.rate.reduce((sum, rate) => sum + (rate * buckets.step_ms) / 1000, 0);
  close(requests, shopTraces);
  const before = await get<ServicesAnswer>(`services?from=${startMs - 7_200_000}&to=${startMs - 3_600_000}`);
  assert.deepEqual([before.services, before.last_seen_ms], [[], null]);
});

test("nothing in the range tells when something was last seen", async () => {
  const answer = await get<TracesAnswer>(`traces?from=${startMs + 3_600_000}&to=${startMs + 7_200_000}`);
  assert.deepEqual(answer.traces, []);
  assert.ok(
    answer.last_seen_ms !== null &&
      answer.last_seen_ms >= startMs + 59_000 &&
      answer.last_seen_ms < startMs + 61_000,
  );
});

test("one service has series, operations, examples, callers and callees", async () => {
  const answer = await get<ServiceAnswer>(`services/checkout?${minute}`);
  assert.equal(answer.requests, shopTraces);
  const operations = Object.fromEntries(
    answer.operations.map((row) => [`${row.kind} ${row.operation}`, row.requests]),
  );
  assert.deepEqual(operations, {
    "SERVER POST /checkout": shopTraces,
    "INTERNAL price": shopTraces,
    "CLIENT SELECT": shopTraces,
    "CLIENT POST": shopTraces,
  });
  assert.equal(answer.slowest.length, 10);
  assert.deepEqual(answer.failing, []);
  assert.deepEqual(
    answer.callers.map((row) => [row.name, row.kind, row.requests]),
    [["gateway", "service", shopTraces]],
  );
  assert.deepEqual(answer.callees.map((row) => [row.name, row.kind, row.errors]).sort(), [
    ["payments", "service", shopFailures],
    ["postgresql db.local:5432", "database", 0],
  ]);
  const failing = await get<ServiceAnswer>(`services/payments?${minute}`);
  assert.equal(failing.failing.length, shopFailures);
  assert.equal(failing.failing[0]?.trace_id, traceIdOf(53));
  assert.equal(failing.failing[0]?.status_message, "card declined");
  assert.equal((await failure("services/nobody")).status, 404);
});

test("traces are found by what their spans are, newest first", async () => {
  const answer = await get<TracesAnswer>(`traces?${minute}&limit=10`);
  assert.equal(answer.traces.length, 10);
  assert.equal(answer.more, true);
  const [newest] = answer.traces;
  assert.equal(newest?.trace_id, traceIdOf(59));
  assert.deepEqual(newest?.services, ["checkout", "gateway", "payments"]);
  assert.deepEqual(
    [newest?.root_service, newest?.root_operation, newest?.root_missing],
    ["gateway", "GET /cart", false],
  );
  assert.deepEqual([newest?.spans, newest?.errors, newest?.duration_ns], [7, 0, 159e6]);
  assert.equal(
    answer.histogram.count.reduce((a, b) => a + b),
    shopTraces * 7,
  );
  assert.equal(
    answer.histogram.errors.reduce((a, b) => a + b),
    shopFailures * 2,
  );
});

const searches: readonly (readonly [filter: string, traces: number])[] = [
  ["", shopTraces],
  ["service:payments status:error", shopFailures],
  ["service:payments -status:error", shopTraces - shopFailures],
  ["service:gateway duration:>=150ms", 10],
  ["service:gateway duration:100ms..104ms", 5],
  ["http.route:/check*", shopTraces],
  ["http.response.status_code:>=500", shopFailures],
  ["http.response.status_code:500 kind:server", shopFailures],
  ["user.id:u7", 1],
  ["user.id:/u1.$/", 10],
  ["user.id:*", shopTraces],
  ["nothing.here:*", 0],
  ["DECLINED", shopFailures],
  ["level:error", shopFailures],
  ["(level:error OR level:info) service:payments", shopFailures],
  [`trace:${traceIdOf(5)}`, 1],
  [`span:${spanIdOf(5, 7)}`, 1],
  ["host:shop-1", shopTraces],
  ["pid:42", shopTraces],
  ["pid:>42", 0],
  ["operation:price OR operation:SELECT", shopTraces],
  ['"cart priced for order 5"', 11],
  ['user.id:"u1\' OR 1=1 --"', 0],
];
for (const [filter, found] of searches) {
  test(`search ${filter || "everything"} finds ${found} traces`, async () => {
    const answer = await get<TracesAnswer>(`traces?${minute}&limit=1000`, filter);
    assert.equal(answer.traces.length, found);
    assert.ok(answer.traces.every((row) => row.matched > 0 && row.matched_span_id !== ""));
  });
}

test("a trace comes as columns in depth-first order with its logs", async () => {
  const answer = await get<TraceAnswer>(`traces/${traceIdOf(3)}`);
  const { spans, logs } = answer;
  assert.equal(answer.total, 7);
  assert.deepEqual(
    spans.span_id,
    [1, 2, 3, 4, 5, 6, 7].map((span) => spanIdOf(3, span)),
  );
  assert.deepEqual(spans.parent, [-1, 0, 1, 2, 2, 2, 5]);
  assert.deepEqual(spans.depth, [0, 1, 2, 3, 3, 3, 4]);
  assert.deepEqual(spans.start_offset_ns, [0, 5e6, 10e6, 11e6, 17e6, 30e6, 35e6]);
  assert.deepEqual(
    spans.service.map((i) => answer.services[i]),
    ["gateway", "gateway", "checkout", "checkout", "checkout", "checkout", "payments"],
  );
  assert.deepEqual(spans.kind.map((i) => answer.kinds[i]).slice(0, 4), [
    "SERVER",
    "CLIENT",
    "SERVER",
    "INTERNAL",
  ]);
  assert.deepEqual(
    spans.status.map((i) => answer.statuses[i]),
    ["UNSET", "UNSET", "UNSET", "UNSET", "UNSET", "ERROR", "ERROR"],
  );
  assert.equal(answer.start_ns, `${startMs + 3000}000000`);
  assert.equal(answer.duration_ns, 103e6);
  assert.deepEqual(logs.text, [
    "cart priced for order 3",
    "payment failed: card declined",
    "exception: card declined",
    "exception: card declined",
  ]);
  assert.deepEqual(logs.level, ["INFO", "ERROR", "ERROR", "ERROR"]);
  assert.deepEqual([logs.span[0], logs.span[1]], [2, 6]);
  const missing = await failure(`traces/${"f".repeat(32)}`);
  assert.deepEqual([missing.status, missing.error.code], [404, "not-found"]);
  assert.equal((await failure("traces/nonsense")).status, 404);
});

test("a span comes whole", async () => {
  const answer = await get<SpanAnswer>(`traces/${traceIdOf(3)}/spans/${spanIdOf(3, 7)}`);
  assert.equal(answer.operation, "POST /pay");
  assert.equal(answer.status_message, "card declined");
  assert.deepEqual(answer.attributes, {
    "http.route": "/pay",
    "http.request.method": "POST",
    "http.response.status_code": "500",
  });
  assert.equal(answer.resource_attributes["host.name"], "shop-1");
  assert.equal(answer.events[0]?.name, "exception");
  assert.equal(answer.events[0]?.attributes["exception.message"], "card declined");
  assert.deepEqual(
    answer.logs.map((row) => row.body),
    ["payment failed: card declined"],
  );
});

test("the map joins spans and connections", async () => {
  const answer = await get<MapAnswer>(`map?${minute}`);
  const kinds = Object.fromEntries(answer.nodes.map((node) => [node.name, node.kind]));
  assert.deepEqual(kinds, {
    gateway: "service",
    checkout: "service",
    payments: "service",
    "postgresql db.local:5432": "database",
    worker: "process",
    "10.0.0.5:6379": "external",
    "10.0.0.9": "external",
  });
  const edges = answer.edges.map(({ from, to, source, requests, errors }) => [
    from,
    to,
    source,
    requests,
    errors,
  ]);
  assert.deepEqual(edges.sort(), [
    ["external:10.0.0.9", "service:gateway", "tcp", 1, 0],
    ["process:worker", "external:10.0.0.5:6379", "tcp", 1, 1],
    ["service:checkout", "database:postgresql db.local:5432", "spans", shopTraces, 0],
    ["service:checkout", "service:payments", "spans", shopTraces, shopFailures],
    ["service:gateway", "service:checkout", "spans", shopTraces, 0],
    ["service:gateway", "service:checkout", "tcp", 1, 0],
  ]);
  const tcp = answer.edges.find((edge) => edge.source === "tcp" && edge.from === "service:gateway");
  assert.deepEqual([tcp?.bytes_sent, tcp?.bytes_received, tcp?.p50_ns], [1000, 5000, 300_000]);
  assert.deepEqual(
    new Set(answer.edges.flatMap((edge) => [edge.from, edge.to])),
    new Set(answer.nodes.map((node) => node.id)),
  );
});

test("connections are listed newest first", async () => {
  const { connections } = await get<TcpAnswer>(`tcp?${minute}`);
  assert.equal(connections.length, 5);
  assert.deepEqual(connections[0], {
    timestamp_ns: `${startMs + 9}000000`,
    event: "tcp.close",
    service_name: "gateway",
    pid: 42,
    role: "client",
    network_type: "ipv4",
    local: "10.0.0.1:40001",
    peer: "10.0.0.2:8080",
    peer_service: "checkout",
    connect_ns: null,
    duration_ns: 2_000_000,
    bytes_sent: 1000,
    bytes_received: 5000,
    error_type: "",
  });
  const failed = await get<TcpAnswer>(`tcp?${minute}`, "error.type:*");
  assert.deepEqual(
    failed.connections.map((row) => row.error_type),
    ["ECONNREFUSED"],
  );
});

test("spans stand among the lines by time, and page with them", async () => {
  const all = await get<LogsAnswer>(`logs?${minute}&spans=1&limit=1000`);
  const spans = all.rows.filter((row) => row.duration_ns !== undefined);
  assert.equal(spans.length, shopTraces * 7);
  assert.equal(all.rows.length, shopTraces * 8 + shopFailures + 5);
  const times = all.rows.map((row) => BigInt(row.timestamp_ns));
  assert.ok(times.every((at, i) => i === 0 || at <= (times[i - 1] ?? 0n)));
  const failing = spans.find((row) => row.body === "POST /pay: card declined");
  assert.equal(`${failing?.event_name} ${failing?.level} ${failing?.duration_ns}`, "span ERROR 40000000");
  const paged: string[] = [];
  for (let before = ""; ; ) {
    const page = await get<LogsAnswer>(`logs?${minute}&spans=1&limit=90&before=${before}`);
    paged.push(...page.rows.map((row) => row.cursor));
    before = page.rows.at(-1)?.cursor ?? "";
    if (!page.more) break;
  }
  assert.deepEqual(
    paged,
    all.rows.map((row) => row.cursor),
  );
});

test("logs page back without gap or repetition, and follow from a cursor", async () => {
  const all = await get<LogsAnswer>(`logs?${minute}`);
  assert.equal(all.rows.length, shopTraces + shopFailures + 5);
  assert.equal(
    all.histogram.errors.reduce((a, b) => a + b),
    shopFailures,
  );
  const paged: string[] = [];
  for (let before = ""; ; ) {
    const page = await get<LogsAnswer>(`logs?${minute}&limit=7&before=${before}`);
    paged.push(...page.rows.map((row) => row.cursor));
    before = page.rows.at(-1)?.cursor ?? "";
    if (!page.more) break;
  }
  assert.deepEqual(
    paged,
    all.rows.map((row) => row.cursor),
  );
  const followed = await get<LogsAnswer>(`logs?${minute}&after=${all.rows[10]?.cursor}`);
  assert.deepEqual(
    followed.rows.map((row) => row.cursor),
    all.rows
      .slice(0, 10)
      .map((row) => row.cursor)
      .reverse(),
  );
  const declined = await get<LogsAnswer>(`logs?${minute}`, "declined order:13");
  assert.deepEqual(
    declined.rows.map((row) => [row.level, row.trace_id]),
    [["ERROR", traceIdOf(13)]],
  );
  const slow = await get<LogsAnswer>(`logs?${minute}`, "status:error");
  assert.equal(slow.rows.length, shopFailures);
});

test("facets show what is special about the matching spans", async () => {
  const answer = await get<FacetsAnswer>(`facets?${minute}`, "status:error kind:server");
  const service = answer.facets.find((facet) => facet.key === "service");
  assert.equal(answer.sampled, shopTraces * 7);
  assert.deepEqual(
    service?.values.map((row) => [row.value, row.count]),
    [["payments", shopFailures]],
  );
  close(service?.values[0]?.lift, 7);
  const logs = await get<FacetsAnswer>(`facets?signal=logs&${minute}`);
  assert.ok(
    logs.facets.some((facet) => facet.key === "level" && facet.values.some((row) => row.value === "error")),
  );
});

test("fields are the short keys and the attributes seen", async () => {
  const { fields } = await get<FieldsAnswer>(`fields?${minute}`);
  const route = fields.find((field) => field.key === "http.route");
  assert.deepEqual([route?.source, route?.type, route?.count], ["attribute", "text", shopTraces * 3]);
  assert.equal(fields.find((field) => field.key === "http.response.status_code")?.type, "number");
  assert.equal(fields.find((field) => field.key === "host.name")?.source, "resource");
  assert.equal(fields.find((field) => field.key === "service")?.source, "column");
});

const completions: readonly (readonly [text: string, first: string, extra?: string])[] = [
  ["serv", "service:"],
  ["http.ro", "http.route:"],
  ["service:", "checkout"],
  ["service:pay", "payments"],
  ["a status:", "unset"],
  ["status:er", "error"],
  ["level:", "info"],
  ["http.route:", '"/cart"'],
  ["duration:", ">10ms"],
  ["event:tcp.c", "tcp.connect", "signal=logs&"],
  ["host:", "shop-1"],
];
for (const [text, first, extra = ""] of completions) {
  test(`complete ${text} offers ${first} first`, async () => {
    const answer = await get<CompleteAnswer>(`complete?${extra}${minute}&text=${encodeURIComponent(text)}`);
    assert.equal(answer.items[0]?.insert, first);
    assert.equal(answer.replace.end, text.length);
  });
}

test("a filter is told as tree and SQL, or where its mistake is", async () => {
  const right = await get<FilterParseAnswer>(
    `filter/parse?${minute}`,
    "service:payments   AND (status:error)",
  );
  assert.ok(right.ok);
  assert.equal(right.text, "service:payments status:error");
  const result = await started.store.query(right.sql);
  assert.equal((await result.rows()).length, shopFailures);
  const wrong = await get<FilterParseAnswer>("filter/parse", "duration:>fast");
  assert.ok(!wrong.ok);
  assert.deepEqual(wrong.place, { start: 9, end: 14 });
  const { status, error } = await failure(`traces?filter=${encodeURIComponent("a (b")}`);
  assert.deepEqual([status, error.code, error.position], [400, "bad-filter", 2]);
});

test("wrong parameters and addresses say what is right", async () => {
  for (const path of [
    "traces?limit=0",
    "traces?from=later",
    "traces?sort=up",
    "facets?signal=metrics",
    "logs?after=x",
  ]) {
    const { status, error } = await failure(path);
    assert.deepEqual([status, error.code], [400, "bad-parameter"], path);
    assert.notEqual(error.hint, "");
  }
  const { status, error } = await failure("nothing");
  assert.equal(status, 404);
  assert.match(error.hint, /services/);
});

test("the status tells what came in and what was dropped", async () => {
  const answer = await get<StatusAnswer>("status");
  assert.equal(answer.ingest.spans, shopTraces * 7);
  assert.equal(answer.ingest.logs, shopTraces + shopFailures + 5);
  assert.equal(answer.store.state, "ready");
  assert.equal(answer.agent.state, "off");
  assert.deepEqual(answer.dropped, []);
  assert.equal(answer.addresses.web, started.server.addresses.web);
});

test("the status tells how fast spans come in", async () => {
  // The rate is of the last seconds, which pass between two requests where the machine is busy: ask again then.
  for (let tries = 0; tries < 20; tries++) {
    await ingest("traces", shopSpans(startMs));
    if ((await get<StatusAnswer>("status")).ingest.spans_per_s > 0) return;
  }
  assert.fail("spans came in 20 times, and the rate is 0");
});
