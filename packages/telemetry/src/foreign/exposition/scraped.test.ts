import assert from "node:assert/strict";
import { test } from "node:test";
import type { Input } from "../../otlp/message.js";
import type { NumberDataPoint } from "../../otlp/points.js";
import { parseExposition } from "./parse.js";
import { createScrapeTranslator, type ScrapeTranslator } from "./scraped.js";

const trace = "0af7651916cd43dd8448eb211c80319c";

/** scrape translates a page and gives its metrics by name. */
function scrape(translator: ScrapeTranslator, page: string, timeMs: number, openMetrics = false) {
  const { samples, families } = parseExposition(page, { openMetrics });
  const own = [
    { name: "job", value: "ns/api" },
    { name: "instance", value: "host:1" },
  ];
  const labelled = samples.map((each) => ({ ...each, labels: [...each.labels, ...own] }));
  return byName(translator.translate(labelled, families, timeMs));
}

function byName(request: ReturnType<ScrapeTranslator["end"]>) {
  const metrics = request.resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics ?? [];
  return Object.fromEntries(metrics.map((each) => [each.name, each]));
}

const at = (ms: number): bigint => BigInt(ms) * 1_000_000n;

test("a histogram is one point with what lies between its bounds, a summary one with its quantiles", () => {
  const metrics = scrape(
    createScrapeTranslator(),
    `# HELP h how long
# TYPE h histogram
h_bucket{path="/",le="1"} 3
h_bucket{path="/",le="+Inf"} 7
h_bucket{path="/",le="0.5"} 1
h_sum{path="/"} 12.5
h_count{path="/"} 7
# TYPE s summary
s{quantile="0.5"} 4
s{quantile="0.99"} NaN
s_sum 10
s_count 2
# TYPE g gauge
g -1
x_total 5
`,
    1000,
  );
  const times = { startTimeUnixNano: at(1000), timeUnixNano: at(1000) };
  assert.deepEqual(metrics["h"], {
    name: "h",
    description: "how long",
    unit: "",
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [
        {
          ...times,
          attributes: [{ key: "path", value: { stringValue: "/" } }],
          exemplars: [],
          count: 7n,
          sum: 12.5,
          bucketCounts: [1n, 2n, 4n],
          explicitBounds: [0.5, 1],
        },
      ],
    },
  });
  assert.deepEqual(metrics["s"]?.summary?.dataPoints, [
    {
      ...times,
      attributes: [],
      count: 2n,
      sum: 10,
      quantileValues: [
        { quantile: 0.5, value: 4 },
        { quantile: 0.99, value: Number.NaN },
      ],
    },
  ]);
  assert.deepEqual(metrics["g"]?.gauge?.dataPoints, [
    { attributes: [], startTimeUnixNano: 0n, timeUnixNano: at(1000), exemplars: [], asDouble: -1 },
  ]);
  // Without metadata the name tells, as with remote write.
  assert.equal(metrics["x_total"]?.sum?.isMonotonic, true);
});

test("the resource is told by job and instance", () => {
  const { samples, families } = parseExposition('a{job="ns/api",instance="host:1"} 1\nb{job="other"} 1', {
    openMetrics: false,
  });
  const { resourceMetrics } = createScrapeTranslator().translate(samples, families, 1);
  assert.deepEqual(
    resourceMetrics?.map((each) =>
      each.resource?.attributes?.map(({ key, value }) => `${key}=${value?.stringValue}`),
    ),
    [["service.name=api", "service.namespace=ns", "service.instance.id=host:1"], ["service.name=other"]],
  );
});

test("what grows counts from the first scrape, and anew when it falls; _created is better known", () => {
  const translator = createScrapeTranslator();
  const start = (page: string, ms: number, openMetrics = false): bigint | undefined =>
    scrape(translator, page, ms, openMetrics)["c_total"]?.sum?.dataPoints?.[0]?.startTimeUnixNano;
  assert.equal(start("# TYPE c_total counter\nc_total 5", 1000), at(1000));
  assert.equal(start("# TYPE c_total counter\nc_total 6", 2000), at(1000));
  assert.equal(start("# TYPE c_total counter\nc_total 2", 3000), at(3000));
  const page = "# TYPE c counter\nc_total 3\nc_created 1.5\n# EOF";
  assert.equal(start(page, 4000, true), at(1500));
  assert.deepEqual(Object.keys(scrape(translator, page, 5000, true)), ["c_total"]);
});

test("what a scrape no longer has ends once; what comes back begins anew", () => {
  const translator = createScrapeTranslator();
  const page = '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_count 1\nh_sum 1\na{x="1"} 1\na{x="2"} 1';
  scrape(translator, page, 1000);
  const second = scrape(translator, 'a{x="2"} 1', 2000);
  assert.deepEqual(second["h"]?.histogram?.dataPoints, [
    { attributes: [], startTimeUnixNano: at(1000), timeUnixNano: at(2000), flags: 1 },
  ]);
  assert.deepEqual(
    second["a"]?.gauge?.dataPoints?.map((each: Input<NumberDataPoint>) => [
      each.attributes?.[0]?.value?.stringValue,
      each.flags ?? 0,
    ]),
    [
      ["2", 0],
      ["1", 1],
    ],
  );
  assert.deepEqual(Object.keys(scrape(translator, 'a{x="2"} 1', 3000)), ["a"]);
  assert.equal(scrape(translator, page, 4000)["h"]?.histogram?.dataPoints?.[0]?.startTimeUnixNano, at(4000));
  const ended = byName(translator.end(5000));
  assert.deepEqual(
    [
      ended["a"]?.gauge?.dataPoints?.map((each: Input<NumberDataPoint>) => each.flags),
      ended["h"]?.histogram?.dataPoints?.length,
    ],
    [[1, 1], 1],
  );
  assert.deepEqual(byName(translator.end(6000)), {});
});

test("samples with times of their own keep them and are not ended", () => {
  const translator = createScrapeTranslator();
  const first = scrape(translator, "a 1 500\na 2 600", 1000);
  assert.deepEqual(
    first["a"]?.gauge?.dataPoints?.map((each: Input<NumberDataPoint>) => each.timeUnixNano),
    [at(500), at(600)],
  );
  assert.deepEqual(scrape(translator, "", 2000), {});
});

test("a sum without its histogram is a series of its own", () => {
  const translator = createScrapeTranslator();
  const page = '# TYPE h histogram\nh_sum{x="1"} 5\nh_count{x="2"} 3';
  const metrics = scrape(translator, page, 1000);
  assert.deepEqual(Object.keys(scrape(translator, page, 2000)), ["h_sum", "h"]);
  assert.equal(scrape(translator, "", 3000)["h_sum"]?.sum?.dataPoints?.[0]?.flags, 1);
  assert.deepEqual(Object.keys(metrics), ["h_sum", "h"]);
  assert.equal(metrics["h_sum"]?.sum?.dataPoints?.[0]?.asDouble, 5);
  assert.deepEqual(metrics["h"]?.histogram?.dataPoints?.[0]?.bucketCounts, [3n]);
});

test("exemplars lead to their spans", () => {
  const page = `# TYPE c counter\nc_total 1 # {trace_id="${trace}",span_id="b7ad6b7169203331",k="v"} 0.5 2.5\n# EOF`;
  const translator = createScrapeTranslator();
  const metrics = scrape(translator, page, 1000, true);
  // It stands on the page until there is another, and is told once.
  const again = (text: string, ms: number) =>
    scrape(translator, text, ms, true)["c_total"]?.sum?.dataPoints?.[0]?.exemplars?.length;
  assert.equal(again(page, 2000), 0);
  assert.equal(again(page, 3000), 0);
  assert.equal(again(page.replace("0.5", "0.7"), 4000), 1);
  assert.deepEqual(metrics["c_total"]?.sum?.dataPoints?.[0]?.exemplars, [
    {
      timeUnixNano: at(2500),
      asDouble: 0.5,
      traceId: trace,
      spanId: "b7ad6b7169203331",
      filteredAttributes: [{ key: "k", value: { stringValue: "v" } }],
    },
  ]);
});
