import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  ExportMetricsServiceRequest,
  encodeProtobuf,
  type Input,
  type Metric,
  type ResourceMetrics,
} from "@go3s/telemetry";
import { type Started, send, start } from "../testing/start.js";

const minute = 60_000;
// Whole minutes, so that results do not hang on when the test runs.
const end = Math.floor(Date.now() / minute) * minute - minute;
const first = end - 10 * minute;
let started: Started;

const nanos = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000_000n;
const attribute = (key: string, text: string) => ({ key, value: { stringValue: text } });
const steps = Array.from({ length: 11 }, (_, i) => first + i * minute);

function resource(instance: string, metrics: readonly Input<Metric>[]): Input<ResourceMetrics> {
  const attributes = [
    attribute("service.name", "api"),
    attribute("service.namespace", "shop"),
    attribute("service.instance.id", instance),
    attribute("deployment.environment.name", "test"),
  ];
  return { resource: { attributes }, scopeMetrics: [{ metrics }] };
}

function counter(temporality: number, value: (i: number) => number): Input<Metric> {
  const dataPoints = steps.map((time, i) => ({
    timeUnixNano: nanos(time),
    startTimeUnixNano: nanos(first),
    attributes: [attribute("http.route", "/cart")],
    asDouble: value(i),
    ...(i === 10
      ? {
          exemplars: [
            {
              timeUnixNano: nanos(time),
              asDouble: 7,
              traceId: "0af7651916cd43dd8448eb211c80319c",
              spanId: "b7ad6b7169203331",
              filteredAttributes: [],
            },
          ],
        }
      : {}),
  }));
  return {
    name: "http.requests",
    unit: "{request}",
    description: "how many",
    sum: { dataPoints, isMonotonic: true, aggregationTemporality: temporality },
  };
}

const histogram = {
  name: "http.server.request.duration",
  unit: "s",
  histogram: {
    aggregationTemporality: 2,
    dataPoints: steps.map((time, i) => ({
      timeUnixNano: nanos(time),
      attributes: [],
      count: BigInt(100 * i),
      sum: 30 * i,
      explicitBounds: [0.1, 1],
      bucketCounts: [BigInt(50 * i), BigInt(40 * i), BigInt(10 * i)],
    })),
  },
};

const exponential = {
  name: "queue.wait",
  unit: "ms",
  exponentialHistogram: {
    aggregationTemporality: 2,
    dataPoints: steps.map((time, i) => ({
      timeUnixNano: nanos(time),
      attributes: [],
      count: BigInt(10 * i),
      sum: 30 * i,
      scale: 0,
      zeroCount: BigInt(2 * i),
      positive: { offset: 1, bucketCounts: [BigInt(8 * i)] },
    })),
  },
};

const gauge = {
  name: "temperature",
  gauge: {
    dataPoints: steps.map((time, i) => ({
      timeUnixNano: nanos(time),
      attributes: [],
      asDouble: i === 3 ? Number.NaN : i,
    })),
  },
};

before(async () => {
  started = await start();
  const request = encodeProtobuf(ExportMetricsServiceRequest, {
    resourceMetrics: [
      resource("one", [counter(2, (i) => 60 * i), histogram, exponential, gauge]),
      resource("two", [counter(1, () => 120)]),
    ],
  });
  const { status } = await send(`${started.server.addresses.otlp_http}/v1/metrics`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: request,
  });
  assert.equal(status, 200);
  await started.store.flush();
});
after(() => started.close());

interface Body {
  readonly status: string;
  readonly data: unknown;
  readonly error?: string;
  readonly errorType?: string;
  readonly infos?: readonly string[];
}

async function ask(
  path: string,
  parameters: Record<string, string>,
  method = "GET",
): Promise<Body & { http: number }> {
  const form = new URLSearchParams(parameters).toString();
  const url = `${started.server.addresses.web}/prometheus/api/v1/${path}`;
  const answer =
    method === "GET"
      ? await send(`${url}?${form}`)
      : await send(url, {
          method,
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: form,
        });
  const body: Body = JSON.parse(answer.body.toString("utf8"));
  return { ...body, http: answer.status };
}

const seconds = (milliseconds: number): string => String(milliseconds / 1000);
const at = (query: string) => ask("query", { query, time: seconds(end) });

async function values(query: string): Promise<Record<string, string>> {
  const { data, error } = await at(query);
  assert.equal(error, undefined);
  const { result } = data as { result: { metric: Record<string, string>; value: [number, string] }[] };
  return Object.fromEntries(result.map(({ metric, value }) => [JSON.stringify(metric), value[1]]));
}

describe("Prometheus' API over what OpenTelemetry sent", () => {
  test("a counter has Prometheus' name, job and instance, and its rate", async () => {
    const rates = await values('rate(http_requests_total{http_route="/cart"}[5m])');
    const labels = (instance: string) => JSON.stringify({ http_route: "/cart", instance, job: "shop/api" });
    assert.deepEqual(rates, { [labels("one")]: "1", [labels("two")]: "2" });
  });

  test("the name that was sent works too, with labels as they were sent", async () => {
    assert.deepEqual(await values('sum by (http.route) (http.requests{instance="one"})'), {
      '{"http.route":"/cart"}': "600",
    });
    assert.deepEqual(await values('{"http.requests", "http.route"="/cart", instance="one"}'), {
      '{"__name__":"http.requests","http.route":"/cart","instance":"one","job":"shop/api"}': "600",
    });
  });

  test("a histogram gives buckets, sum, count and a quantile", async () => {
    const quantile = await values(
      "histogram_quantile(0.9, sum by (le) (rate(http_server_request_duration_seconds_bucket[5m])))",
    );
    assert.deepEqual(quantile, { "{}": "1" });
    assert.deepEqual(await values('http_server_request_duration_seconds_bucket{le="+Inf"}'), {
      '{"__name__":"http_server_request_duration_seconds_bucket","instance":"one","job":"shop/api","le":"+Inf"}':
        "1000",
    });
    const mean = await values(
      "http_server_request_duration_seconds_sum / http_server_request_duration_seconds_count",
    );
    assert.deepEqual(Object.values(mean), ["0.3"]);
  });

  test("an exponential histogram gives buckets of one scale", async () => {
    assert.deepEqual(await values("sum by (le) (queue_wait_milliseconds_bucket)"), {
      '{"le":"0"}': "20",
      '{"le":"4"}': "100",
      '{"le":"+Inf"}': "100",
    });
  });

  test("NaN is a value, and target_info says what a target is", async () => {
    const { data } = await ask(
      "query_range",
      { query: "temperature", start: seconds(first), end: seconds(end), step: "60" },
      "POST",
    );
    const { result } = data as { result: { values: [number, string][] }[] };
    assert.deepEqual(
      result[0]?.values.map(([, value]) => value),
      ["0", "1", "2", "NaN", "4", "5", "6", "7", "8", "9", "10"],
    );
    assert.equal(result[0]?.values[0]?.[0], first / 1000);
    const joined = await values(
      "temperature * on (job, instance) group_left (deployment_environment_name) target_info",
    );
    assert.deepEqual(Object.keys(joined), [
      '{"deployment_environment_name":"test","instance":"one","job":"shop/api"}',
    ]);
  });

  test("series, labels, their values and metadata", async () => {
    const span = { start: seconds(first), end: seconds(end) };
    const series = await ask("series", { ...span, "match[]": "http_requests_total" });
    assert.equal((series.data as unknown[]).length, 2);
    const labels = await ask("labels", { ...span, "match[]": '{__name__=~".*_bucket"}' });
    assert.deepEqual(labels.data, ["__name__", "instance", "job", "le"]);
    const bounds = await ask("label/le/values", {
      ...span,
      "match[]": "http_server_request_duration_seconds_bucket",
    });
    assert.deepEqual(bounds.data, ["+Inf", "0.1", "1"]);
    const names = await ask("label/__name__/values", span);
    assert.ok((names.data as string[]).includes("queue_wait_milliseconds_count"));
    const metadata = await ask("metadata", { ...span, metric: "http_requests_total" });
    assert.deepEqual(metadata.data, {
      http_requests_total: [{ type: "counter", help: "how many", unit: "{request}" }],
    });
    const exemplars = await ask("query_exemplars", { ...span, query: "rate(http_requests_total[5m])" });
    const [found] = exemplars.data as { exemplars: { labels: Record<string, string>; value: string }[] }[];
    assert.deepEqual(
      found?.exemplars.map((each) => [each.labels["trace_id"], each.value]),
      [["0af7651916cd43dd8448eb211c80319c", "7"]],
    );
  });

  test("errors are told as Prometheus tells them", async () => {
    const syntax = await at("rate(http_requests_total[5m)");
    assert.deepEqual([syntax.http, syntax.status, syntax.errorType], [400, "error", "bad_data"]);
    assert.match(syntax.error ?? "", /^1:28: parse error: unexpected "\)", expected "]"$/);
    const many = await at("http_requests_total + on (job) http_requests_total");
    assert.deepEqual([many.http, many.errorType], [422, "execution"]);
    assert.match(many.error ?? "", /many-to-many matching not allowed/);
    const range = await ask("query_range", { query: "up", start: "1", end: "2000000", step: "1" });
    assert.deepEqual([range.http, range.errorType], [400, "bad_data"]);
    assert.equal((await ask("nothing", {})).http, 404);
    assert.equal((await at("scalar(nothing_at_all)")).http, 200);
  });
});
