import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PromqlError } from "./errors.js";
import { type Labels, labelOf, labelsOf, METRIC_NAME, printLabels } from "./labels.js";
import { type PromqlResult, runPromql, type SeriesSource } from "./query.js";
import type { Samples } from "./series.js";

const minute = 60_000;

/** series makes one with a sample a minute from 0 on; undefined leaves one out, null ends the series. */
function series(
  name: string,
  labels: Record<string, string>,
  values: readonly (number | null | undefined)[],
): Samples {
  const there = Array.from(values.keys()).filter((i) => values[i] !== undefined);
  return {
    labels: labelsOf([...Object.entries(labels), [METRIC_NAME, name]]),
    times: Float64Array.from(there, (i) => i * minute),
    values: Float64Array.from(there, (i) => values[i] ?? Number.NaN),
    stale: Uint8Array.from(there, (i) => Number(values[i] === null)),
  };
}

const up = (count: number, by: number): number[] => Array.from({ length: count }, (_, i) => i * by);

const stored: readonly Samples[] = [
  series("requests_total", { job: "a", code: "200" }, up(11, 60)),
  series("requests_total", { job: "a", code: "500" }, up(11, 6)),
  series("requests_total", { job: "b", code: "200" }, [0, 60, 120, 0, 60, 120, 180, 240, 300, 360, 420]),
  series(
    "limit",
    { job: "a" },
    up(11, 0).map(() => 100),
  ),
  series(
    "limit",
    { job: "b" },
    up(11, 0).map(() => 50),
  ),
  series("gone", { job: "a" }, [1, 1, 1, null]),
  series("gap", { job: "a" }, [
    1,
    2,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    3,
  ]),
  series("latency_bucket", { le: "0.1" }, up(11, 50)),
  series("latency_bucket", { le: "1" }, up(11, 90)),
  series("latency_bucket", { le: "+Inf" }, up(11, 100)),
  series("odd", { x: "1" }, [Number.NaN, 2, -3]),
];

const source: SeriesSource = async (matchers, from, to) =>
  stored
    .filter(({ labels }) => matchers.every((each) => each.matches(labelOf(labels, each.name))))
    .map((each) => within(each, from, to));

function within(samples: Samples, from: number, to: number): Samples {
  const kept = Array.from(samples.times.keys()).filter(
    (i) => (samples.times[i] ?? 0) > from && (samples.times[i] ?? 0) <= to,
  );
  return {
    labels: samples.labels,
    times: Float64Array.from(kept, (i) => samples.times[i] ?? 0),
    values: Float64Array.from(kept, (i) => samples.values[i] ?? 0),
    stale: Uint8Array.from(kept, (i) => samples.stale?.[i] ?? 0),
  };
}

const { signal } = new AbortController();
const run = (text: string, start: number, end = start, step = 0): Promise<PromqlResult> =>
  runPromql({ text, start: start * minute, end: end * minute, step: step * minute, source, signal });

const value = (number: number): string =>
  Number.isNaN(number) ? "NaN" : String(Math.round(number * 1e6) / 1e6);
const named = (labels: Labels, values: string): string => `${printLabels(labels)} ${values}`;

async function instant(text: string, time: number): Promise<string[]> {
  const { series: found, scalar } = await run(text, time);
  if (scalar !== undefined) return [value(scalar)];
  return found.map(({ labels, values }) => named(labels, value(values[0] ?? Number.NaN)));
}

/** Each case: an expression at minute 10 unless another is named, and what it gives, sorted. */
const cases: readonly (readonly [string, readonly string[], number?])[] = [
  ['requests_total{code="500"}', ['requests_total{code="500", job="a"} 60']],
  ['requests_total{code=~"5.."} offset 5m', ['requests_total{code="500", job="a"} 30']],
  ["limit @ 0", ['limit{job="a"} 100', 'limit{job="b"} 50']],
  ["gone", [], 3],
  ["gone", ['gone{job="a"} 1'], 2],
  ["gap", ['gap{job="a"} 2'], 5],
  ["gap", [], 6],
  ['sum by (job) (rate(requests_total{job="a"}[5m]))', ['{job="a"} 1.1']],
  ['increase(requests_total{job="b"}[10m])', ['{code="200", job="b"} 533.333333']],
  ["sum without (code) (requests_total) / on (job) limit", ['{job="a"} 6.6', '{job="b"} 8.4']],
  [
    "requests_total * on (job) group_left limit",
    ['{code="200", job="a"} 60000', '{code="200", job="b"} 21000', '{code="500", job="a"} 6000'],
  ],
  ['requests_total{code="500"} > 50', ['requests_total{code="500", job="a"} 60']],
  ["limit > bool 60", ['{job="a"} 1', '{job="b"} 0']],
  ['limit and on (job) requests_total{code="500"}', ['limit{job="a"} 100']],
  ['limit unless on (job) requests_total{code="500"}', ['limit{job="b"} 50']],
  [
    'requests_total{code="500"} or limit{job="b"}',
    ['limit{job="b"} 50', 'requests_total{code="500", job="a"} 60'],
  ],
  ["topk(1, requests_total)", ['requests_total{code="200", job="a"} 600']],
  ['count_values("size", limit)', ['{size="100"} 1', '{size="50"} 1']],
  ["quantile(0.5, limit)", ["{} 75"]],
  ["histogram_quantile(0.7, rate(latency_bucket[5m]))", ["{} 0.55"]],
  ["histogram_fraction(0, 0.1, latency_bucket)", ["{} 0.5"]],
  ['max_over_time(rate(requests_total{code="500"}[2m])[6m:1m])', ['{code="500", job="a"} 0.1']],
  ['absent(nothing{job="x"})', ['{job="x"} 1']],
  ["absent_over_time(gone[1m])", ['{job="a"} 1'].map(() => "{} 1")],
  ["avg_over_time(gone[10m])", ['{job="a"} 1']],
  ['changes(requests_total{job="b"}[10m])', ['{code="200", job="b"} 9']],
  ['resets(requests_total{job="b"}[10m])', ['{code="200", job="b"} 1']],
  [
    'label_replace(limit, "team", "$1-x", "job", "(.)")',
    ['limit{job="a", team="a-x"} 100', 'limit{job="b", team="b-x"} 50'],
  ],
  [
    'label_join(limit, "both", "/", "job", "job")',
    ['limit{both="a/a", job="a"} 100', 'limit{both="b/b", job="b"} 50'],
  ],
  ["abs(odd)", ['{x="1"} NaN'], 0],
  ["clamp(odd, -1, 1)", ['{x="1"} -1'], 2],
  ["min_over_time(odd[10m])", ['{x="1"} -3'], 2],
  ["hour() + minute()", ["{} 10"]],
  ["2 ^ 3 ^ 2", ["512"]],
  ["1 / 0", ["Infinity"]],
  ["time()", ["600"]],
  ["scalar(limit)", ["NaN"]],
  ['-limit{job="b"}', ['{job="b"} -50']],
];

describe("PromQL is evaluated", () => {
  for (const [text, wanted, time = 10] of cases) {
    test(`${text} at ${time}m`, async () =>
      assert.deepEqual((await instant(text, time)).sort(), [...wanted].sort()));
  }

  test("a range has every step, ordered by labels", async () => {
    const { series: found, grid } = await run("gone or gap", 0, 6, 2);
    assert.equal(grid.count, 4);
    assert.deepEqual(
      found.map(({ labels, values, present }) =>
        named(labels, Array.from(values, (v, i) => (present[i] ? value(v) : "-")).join(" ")),
      ),
      ['gap{job="a"} - - 2 -', 'gone{job="a"} 1 1 - -'],
    );
  });

  test("an instant query of a range gives its samples", async () => {
    const { type, samples } = await run("gap[2m]", 1);
    assert.equal(type, "matrix");
    assert.deepEqual(
      samples.map((each) => [...each.values]),
      [[1, 2]],
    );
  });

  test("warnings and infos say where", async () => {
    const { warnings, infos } = await run("quantile(2, rate(limit[5m]))", 10);
    assert.deepEqual(warnings, ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]);
    assert.deepEqual(infos, [
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "limit" (1:18)',
    ]);
  });

  test("what the data do not allow is an error of execution", async () => {
    const execution = (pattern: RegExp) => (error: unknown) =>
      error instanceof PromqlError && error.kind === "execution" && pattern.test(error.message);
    await assert.rejects(
      run("limit * on (job) requests_total", 10),
      execution(/found duplicate series for the match group \{job="a"\} on the right/),
    );
    await assert.rejects(
      run("requests_total * on (job) limit", 10),
      execution(/many-to-one matching must be explicit/),
    );
    await assert.rejects(
      run('label_replace(limit, "job", "x", "job", ".*")', 10),
      execution(/same labelset/),
    );
  });

  test("more steps than Prometheus allows are refused", async () => {
    await assert.rejects(run("limit", 0, 20_000, 1), /exceeded maximum resolution of 11,000 points/);
  });
});
