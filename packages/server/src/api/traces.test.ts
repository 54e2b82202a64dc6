import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shopFailures, shopTraces, spanIdOf, traceIdOf } from "../testing/shop.js";
import { type StartedShop, startShop } from "../testing/started-shop.js";
import type { SpanAnswer, TraceAnswer, TracesAnswer } from "./types.js";

let shop: StartedShop;
before(async () => {
  shop = await startShop();
});
after(() => shop.started.close());

test("traces are found by what their spans are, newest first", async () => {
  const answer = await shop.get<TracesAnswer>(`traces?${shop.minute}&limit=10`);
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
    const answer = await shop.get<TracesAnswer>(`traces?${shop.minute}&limit=1000`, filter);
    assert.equal(answer.traces.length, found);
    assert.ok(answer.traces.every((row) => row.matched > 0 && row.matched_span_id !== ""));
  });
}

test("nothing in the range tells when something was last seen", async () => {
  const answer = await shop.get<TracesAnswer>(
    `traces?from=${shop.startMs + 3_600_000}&to=${shop.startMs + 7_200_000}`,
  );
  assert.deepEqual(answer.traces, []);
  assert.ok(
    answer.last_seen_ms !== null &&
      answer.last_seen_ms >= shop.startMs + 59_000 &&
      answer.last_seen_ms < shop.startMs + 61_000,
  );
});

test("a trace comes as columns in depth-first order with its logs", async () => {
  const answer = await shop.get<TraceAnswer>(`traces/${traceIdOf(3)}`);
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
  assert.equal(answer.start_ns, `${shop.startMs + 3000}000000`);
  assert.equal(answer.duration_ns, 103e6);
  assert.deepEqual(logs.text, [
    "cart priced for order 3",
    "payment failed: card declined",
    "exception: card declined",
    "exception: card declined",
  ]);
  assert.deepEqual(logs.level, ["INFO", "ERROR", "ERROR", "ERROR"]);
  assert.deepEqual([logs.span[0], logs.span[1]], [2, 6]);
  const missing = await shop.failure(`traces/${"f".repeat(32)}`);
  assert.deepEqual([missing.status, missing.error.code], [404, "not-found"]);
  assert.equal((await shop.failure("traces/nonsense")).status, 404);
});

test("a span comes whole", async () => {
  const answer = await shop.get<SpanAnswer>(`traces/${traceIdOf(3)}/spans/${spanIdOf(3, 7)}`);
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
