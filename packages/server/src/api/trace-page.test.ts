import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decodeJson, ExportTraceServiceRequest, encodeProtobuf } from "@go3s/telemetry";
import { shopFailures, shopSpans, shopTraces, spanIdOf, traceIdOf } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";
import type { HeatAnswer, TraceAnswer, TraceMatchesAnswer, UsualAnswer } from "./types.js";

// What the page of one trace asks beside the trace: which spans match, what is usual, waits, OTLP, the heatmap above a search.

let started: Started;
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const minute = `from=${startMs}&to=${startMs + 60_000}`;
const waiting = "9d".repeat(16);

async function ingest(body: Uint8Array): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  const { otlp_http } = started.server.addresses;
  const answer = await send(`${otlp_http}/v1/traces`, { method: "POST", headers, body });
  assert.equal(answer.status, 200);
}

before(async () => {
  started = await start();
  await ingest(shopSpans(startMs));
  const span = (id: string, parentSpanId: string, waits: Readonly<Record<string, bigint>>) => ({
    traceId: waiting,
    spanId: id.repeat(8),
    parentSpanId,
    name: "GET /slow",
    startTimeUnixNano: BigInt(startMs) * 1_000_000n,
    endTimeUnixNano: BigInt(startMs + 5) * 1_000_000n,
    attributes: Object.entries(waits).map(([key, intValue]) => ({
      key: `go3s.goroutine.${key}_ns`,
      value: { intValue },
    })),
  });
  const spans = [
    span("01", "", { running: 2_000_000n, lock: 2_500_000n, gc: 500_000n }),
    span("02", "01".repeat(8), {}),
  ];
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "waiter" } }] };
  const scopeSpans = [{ scope: { name: "go3s.agent" }, spans }];
  await ingest(encodeProtobuf(ExportTraceServiceRequest, { resourceSpans: [{ resource, scopeSpans }] }));
  await started.store.flush();
});
after(() => started.close());

async function get<T>(path: string): Promise<T> {
  const answer = await send(started.server.addresses.web, { path: `/api/v1/${path}` });
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString());
}

test("a trace's goroutines tell what they waited for, by the rows of their spans", async () => {
  const { waits } = await get<TraceAnswer>(`traces/${waiting}`);
  assert.deepEqual(waits.span, [0]);
  assert.deepEqual([waits.running, waits.lock, waits.gc, waits.network], [[2e6], [2.5e6], [5e5], [0]]);
  const none = await get<TraceAnswer>(`traces/${traceIdOf(3)}`);
  assert.deepEqual([none.waits.span, none.waits.running], [[], []]);
});

test("a filter finds spans of one trace by what only the store knows", async () => {
  const ask = (filter: string) =>
    get<TraceMatchesAnswer>(`traces/${traceIdOf(3)}/matches?filter=${encodeURIComponent(filter)}`);
  assert.deepEqual((await ask("http.route:/pay")).span_id, [spanIdOf(3, 7)]);
  assert.deepEqual((await ask("status:error service:checkout")).span_id, [spanIdOf(3, 6)]);
  assert.deepEqual((await ask("user.id:u4")).span_id, []);
  const wrong = await send(started.server.addresses.web, {
    path: `/api/v1/traces/${traceIdOf(3)}/matches?filter=service:(`,
  });
  assert.equal(wrong.status, 400);
});

test("what is usual of an operation is one tree per trace, without the trace itself", async () => {
  const ask = `service=gateway&operation=${encodeURIComponent("GET /cart")}&except=${traceIdOf(3)}`;
  const answer = await get<UsualAnswer>(`traces/usual?${minute}&${ask}`);
  assert.deepEqual([answer.found, answer.traces], [shopTraces - 1, 30]);
  const { parent, start_offset_ns, duration_ns, service, operation, status } = answer.spans;
  assert.equal(parent.length, 30 * 7);
  assert.deepEqual(parent.slice(0, 8), [-1, 0, 1, 2, 2, 2, 5, -1]);
  assert.deepEqual(parent.slice(7, 14), [-1, 7, 8, 9, 9, 9, 12]);
  assert.deepEqual(start_offset_ns.slice(7, 14), [0, 5e6, 10e6, 11e6, 17e6, 30e6, 35e6]);
  assert.deepEqual(
    service.slice(0, 7).map((at) => answer.services[at]),
    ["gateway", "gateway", "checkout", "checkout", "checkout", "checkout", "payments"],
  );
  assert.equal(answer.operations[operation[0] ?? 0], "GET /cart");
  assert.ok((duration_ns[0] ?? 0) >= 100e6);
  const errors = status.filter((at) => answer.statuses[at] === "ERROR").length;
  assert.ok(errors <= 2 * shopFailures, `${errors} errors`);
  const limited = await get<UsualAnswer>(`traces/usual?${minute}&${ask}&limit=4`);
  assert.equal(limited.traces, 4);
  const again = await get<UsualAnswer>(`traces/usual?${minute}&${ask}&limit=4`);
  assert.deepEqual(again, limited);
  const nobody = await get<UsualAnswer>(`traces/usual?${minute}&service=nobody&operation=x`);
  assert.deepEqual([nobody.found, nobody.traces, nobody.spans.parent], [0, 0, []]);
});

test("a span comes as the OTLP request that would send it again", async () => {
  const path = `/api/v1/traces/${traceIdOf(3)}/spans/${spanIdOf(3, 7)}`;
  const answer = await send(started.server.addresses.web, { path: `${path}/otlp` });
  assert.equal(answer.status, 200);
  const [resource] = decodeJson(ExportTraceServiceRequest, answer.body.toString()).resourceSpans;
  const span = resource?.scopeSpans[0]?.spans[0];
  assert.deepEqual([span?.name, span?.status?.message], ["POST /pay", "card declined"]);
  const status = span?.attributes.find(({ key }) => key === "http.response.status_code");
  assert.equal(status?.value?.intValue, 500n);
  assert.equal(span?.events[0]?.name, "exception");
  assert.ok(resource?.resource?.attributes.some(({ value }) => value?.stringValue === "payments"));
  const missing = await send(started.server.addresses.web, {
    path: `/api/v1/traces/${traceIdOf(3)}/spans/${"f".repeat(16)}/otlp`,
  });
  assert.equal(missing.status, 404);
});

test("the heatmap counts matching spans by time and duration", async () => {
  const { buckets, cells } = await get<HeatAnswer>(
    `traces/heat?${minute}&filter=${encodeURIComponent('service:gateway operation:"GET /cart"')}`,
  );
  assert.equal(
    cells.count.reduce((sum, count) => sum + count, 0),
    shopTraces,
  );
  assert.ok(cells.bucket.every((bucket) => bucket >= 0 && bucket < buckets.count));
  // 100 to 159 ms lie between 2^26.5 and 2^27.5 nanoseconds.
  assert.ok(
    cells.level.every((level) => level >= 53 && level <= 54),
    cells.level.join(),
  );
  const failed = await get<HeatAnswer>(`traces/heat?${minute}&filter=service:payments`);
  assert.equal(
    failed.cells.errors.reduce((sum, count) => sum + count, 0),
    shopFailures,
  );
});
