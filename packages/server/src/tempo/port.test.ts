import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest } from "@go3s/telemetry";
import { shopFailures, shopSpans, shopTraces, traceIdOf } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";

let started: Started;
const from = Date.now() - 120_000;
const range = `start=${Math.floor(from / 1000) - 1}&end=${Math.ceil(Date.now() / 1000) + 60}`;

before(async () => {
  started = await start();
  const { status } = await send(`${started.server.addresses.otlp_http}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: shopSpans(from),
  });
  assert.equal(status, 200);
  await started.store.flush();
});
after(() => started.close());

interface SearchResult {
  readonly traces: readonly {
    readonly traceID: string;
    readonly rootServiceName: string;
    readonly rootTraceName: string;
    readonly durationMs: number;
    readonly spanSets: readonly {
      readonly matched: number;
      readonly attributes?: readonly { readonly key: string; readonly value: unknown }[];
      readonly spans: readonly {
        readonly name: string;
        readonly attributes?: readonly { readonly key: string; readonly value: unknown }[];
      }[];
    }[];
  }[];
}

async function ask(path: string): Promise<{ http: number; text: string }> {
  const answer = await send(`${started.server.addresses.web}/tempo/api/${path}`);
  return { http: answer.status, text: answer.body.toString("utf8") };
}

async function json<Body>(path: string): Promise<Body> {
  const { http, text } = await ask(path);
  assert.equal(http, 200, text);
  return JSON.parse(text);
}

const find = (q: string, more = "limit=1000&spss=100"): Promise<SearchResult> =>
  json(`search?${range}&${more}&q=${encodeURIComponent(q)}`);

/** Each case: a search, how many traces it finds, and how many spans match in each. */
const searches: readonly (readonly [string, number, number | undefined])[] = [
  ["{}", shopTraces, 7],
  ["{ status = error }", shopFailures, 2],
  ['{ resource.service.name = "checkout" && name = "SELECT" }', shopTraces, 1],
  ['{ .service.name = "checkout" }', shopTraces, 4],
  ["{ span.http.response.status_code >= 500 }", shopFailures, 2],
  ['{ span.http.response.status_code = "500" }', shopFailures, 2],
  ["{ .http.response.status_code = 500 && kind = client }", shopFailures, 1],
  ['{ span.user.id = "u7" }', 1, 1],
  ['{ span.user.id =~ "u1." }', 10, 1],
  ['{ span.user.id !~ "u.*" }', 0, undefined],
  ["{ span.user.id != nil }", shopTraces, 1],
  ["{ span.user.id = nil && kind = server }", shopTraces, 2],
  ["{ span.nothing != 3 }", 0, undefined],
  ["{ !(kind = server) }", shopTraces, 4],
  ["{ duration > 150ms }", 9, 1],
  ['{ name = "GET /cart" } > { kind = client }', shopTraces, 1],
  ['{ name = "GET /cart" } >> { kind = client }', shopTraces, 3],
  ['{ name = "SELECT" } << { kind = server }', shopTraces, 2],
  ['{ name = "SELECT" } ~ { name = "price" }', shopTraces, 1],
  ["{ kind = client } !> { kind = server }", shopTraces, 1],
  ['{ name = "GET /cart" } &> { kind = client }', shopTraces, 2],
  ['{ name = "SELECT" } && { status = error }', shopFailures, 3],
  ['{ name = "nothing" } || { status = error }', shopFailures, 2],
  ["{ kind = client } | count() = 3", shopTraces, 3],
  ["{ kind = client } | count() > 3", 0, undefined],
  ["{ kind = client } | avg(duration) > 1h", 0, undefined],
  ['{ rootName = "GET /cart" && traceDuration > 150ms }', 9, 7],
  ['{ trace:rootService = "gateway" } | { status = error }', shopFailures, 2],
  ['{ event:name = "exception" }', shopFailures, 2],
  ['{ event.exception.message = "card declined" }', shopFailures, 2],
  ["{ span:childCount = 3 }", shopTraces, 1],
  ["{ nestedSetParent < 0 }", shopTraces, 1],
  ["{ span.http.response.status_code * 2 = 1000 }", shopFailures, 2],
];

describe("Tempo's search", () => {
  for (const [q, traces, matched] of searches) {
    test(q, async () => {
      const found = await find(q);
      assert.equal(found.traces.length, traces);
      for (const trace of found.traces) {
        assert.equal(trace.rootServiceName, "gateway");
        if (matched !== undefined) assert.equal(trace.spanSets[0]?.matched, matched);
      }
    });
  }

  test("by() parts spans, select() shows fields", async () => {
    const { traces } = await find(
      `{ trace:id = "${traceIdOf(3)}" } | by(resource.service.name) | select(span.http.route)`,
    );
    const sets = traces[0]?.spanSets ?? [];
    assert.deepEqual(sets.map((set) => set.matched).sort(), [1, 2, 4]);
    const routes = sets.flatMap((set) => set.spans).flatMap((span) => span.attributes ?? []);
    assert.ok(routes.some((each) => each.key === "http.route"));
  });

  test("the newest come first, as many as asked for", async () => {
    const { traces } = await find("{}", "limit=3");
    assert.deepEqual(
      traces.map((each) => each.traceID),
      [shopTraces - 1, shopTraces - 2, shopTraces - 3].map(traceIdOf),
    );
    assert.ok(traces.every((each) => each.spanSets[0]?.spans.length === 3));
  });

  test("the older parameters work", async () => {
    const found = await json<SearchResult>(
      `search?${range}&limit=100&tags=${encodeURIComponent('service.name=payments user.id="x"')}`,
    );
    assert.equal(found.traces.length, 0);
    const failed = await json<SearchResult>(
      `search?${range}&limit=100&tags=${encodeURIComponent("service.name=payments status=error")}`,
    );
    assert.equal(failed.traces.length, shopFailures);
  });
});

interface MetricsResult {
  readonly series: readonly {
    readonly promLabels: string;
    readonly samples: readonly { readonly timestampMs: string; readonly value: number }[];
  }[];
}

const over = (q: string): Promise<MetricsResult> =>
  json(`metrics/query_range?${range}&step=30s&q=${encodeURIComponent(q)}`);
const total = (result: MetricsResult): number =>
  result.series.flatMap((each) => each.samples).reduce((sum, each) => sum + each.value, 0);

describe("Tempo's metrics", () => {
  test("counts and rates by what they are grouped by", async () => {
    assert.equal(total(await over("{} | count_over_time()")), 7 * shopTraces);
    assert.ok(Math.abs(total(await over("{} | rate()")) * 30 - 7 * shopTraces) < 1e-6);
    const grouped = await over("{ kind = server } | count_over_time() by (resource.service.name)");
    assert.deepEqual(
      grouped.series.map((each) => each.promLabels).sort(),
      ["checkout", "gateway", "payments"].map((name) => `{"resource.service.name"="${name}"}`),
    );
    assert.equal(
      total(await over("({ status = error } | count_over_time()) / ({} | count_over_time()) * 0 + 1")) > 0,
      true,
    );
    assert.equal((await over("{} | count_over_time() by (name) | topk(1)")).series.length >= 1, true);
    assert.equal(total(await over("{} | count_over_time() > 1000000")), 0);
  });

  test("durations are seconds; quantiles and histograms have labels", async () => {
    const { series } = await over('{ name = "SELECT" } | max_over_time(duration)');
    assert.ok(series[0]?.samples.every((each) => Math.abs(each.value - 0.01) < 1e-9));
    // Each SELECT takes 10 ms: a written duration is compared with seconds.
    assert.equal((await over('{ name = "SELECT" } | max_over_time(duration) > 5ms')).series.length, 1);
    assert.equal((await over('{ name = "SELECT" } | max_over_time(duration) > 50ms')).series.length, 0);
    const quantiles = await over("{} | quantile_over_time(duration, .5, .99)");
    assert.deepEqual(quantiles.series.map((each) => each.promLabels).sort(), ['{p="0.5"}', '{p="0.99"}']);
    assert.equal(total(await over("{} | histogram_over_time(duration)")), 7 * shopTraces);
  });

  test("what is not computed says so", async () => {
    const { http, text } = await ask(
      `metrics/query_range?${range}&q=${encodeURIComponent("{} >> { status = error } | rate()")}`,
    );
    assert.equal(http, 400);
    assert.match(text, /relations between spans are not supported/);
  });
});

describe("Tempo's traces, tags and mistakes", () => {
  test("a trace as protobuf, in both versions, and as JSON", async () => {
    const url = `${started.server.addresses.web}/tempo/api`;
    const headers = { accept: "application/protobuf" };
    const first = await send(`${url}/traces/${traceIdOf(3)}`, { headers });
    const decoded = decodeProtobuf(ExportTraceServiceRequest, first.body);
    const spans = decoded.resourceSpans.flatMap((each) => each.scopeSpans.flatMap((scope) => scope.spans));
    assert.equal(spans.length, 7);
    assert.ok(spans.every((span) => span.traceId === traceIdOf(3)));
    assert.equal(spans.filter((span) => span.status?.code === 2).length, 2);
    const second = await send(`${url}/v2/traces/${traceIdOf(3)}`, { headers });
    assert.equal(second.body[0], 0x0a);
    assert.deepEqual(second.body.subarray(second.body.length - first.body.length), first.body);
    const whole = await json<{ batches: { scopeSpans: { spans: { traceId: string; kind: string }[] }[] }[] }>(
      `traces/${traceIdOf(3)}`,
    );
    const ids = whole.batches.flatMap((each) =>
      each.scopeSpans.flatMap((scope) => scope.spans.map((span) => span.traceId)),
    );
    assert.equal(ids.length, 7);
    assert.equal(Buffer.from(ids[0] ?? "", "base64").toString("hex"), traceIdOf(3));
    assert.equal((await ask(`traces/${"e".repeat(32)}`)).http, 404);
  });

  test("tags and their values", async () => {
    const { scopes } = await json<{ scopes: { name: string; tags: string[] }[] }>(`v2/search/tags?${range}`);
    assert.ok(scopes.find((each) => each.name === "span")?.tags.includes("http.route"));
    assert.ok(scopes.find((each) => each.name === "resource")?.tags.includes("service.name"));
    const values = await json<{ tagValues: { value: string }[] }>(
      `v2/search/tag/resource.service.name/values?${range}`,
    );
    assert.deepEqual(values.tagValues.map((each) => each.value).sort(), ["checkout", "gateway", "payments"]);
    const few = await json<{ tagValues: { value: string }[] }>(
      `v2/search/tag/name/values?${range}&q=${encodeURIComponent('{ resource.service.name = "payments" }')}`,
    );
    assert.deepEqual(
      few.tagValues.map((each) => each.value),
      ["POST /pay"],
    );
    const plain = await json<{ tagValues: string[] }>(`search/tag/http.route/values?${range}`);
    assert.deepEqual([...plain.tagValues].sort(), ["/cart", "/checkout", "/pay"]);
    assert.equal((await ask("echo")).text, "echo");
  });

  test("mistakes say where", async () => {
    const { http, text } = await ask(`search?${range}&q=${encodeURIComponent("{ .a < }")}`);
    assert.equal(http, 400);
    assert.match(text, /^invalid TraceQL query: parse error at line 1, col 8: syntax error: unexpected "}"/);
    assert.match((await ask(`search?${range}&q=${encodeURIComponent("{} | rate()")}`)).text, /query_range/);
    assert.equal((await ask("nothing")).http, 404);
  });
});
