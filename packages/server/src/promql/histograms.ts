import type { Call, Expr } from "./ast.js";
import { type Bucket, bucketFraction, bucketQuantile, type Forced } from "./buckets.js";
import { executionError, type Place } from "./errors.js";
import { keyOf, type Labels, labelOf, METRIC_NAME, withLabel, without } from "./labels.js";
import { goFloat } from "./range-functions.js";
import { Collector, type Points, setPoint } from "./series.js";

/** Teller takes what an evaluation has to say beside its result, about a place of the expression. */
export interface Teller {
  warn(text: string, place: Place): void;
  inform(text: string, place: Place): void;
}

/** HistogramCall is histogram_quantile(), histogram_quantiles() or histogram_fraction() with what its arguments came to. */
export interface HistogramCall {
  readonly name: Call["name"];
  readonly vector: readonly Points[];
  /** place is the vector's in the expression, numberPlaces those of the numbers. */
  readonly place: Place;
  readonly numbers: readonly Float64Array[];
  readonly numberPlaces: readonly Expr[];
  /** label is the one that histogram_quantiles() puts each quantile into. */
  readonly label: string;
  readonly count: number;
}

interface Classic {
  readonly labels: Labels;
  readonly series: { readonly upper: number; readonly points: Points }[];
}

/** ofHistograms computes a call over classic histograms. Throws PromqlError when two results have the same labels. */
export function ofHistograms(call: HistogramCall, teller: Teller): Points[] {
  const histograms = classic(call, teller);
  const out = new Collector(call.count);
  for (let i = 0; i < call.count; i++) {
    const parameters = call.numbers.map((each) => each[i] ?? Number.NaN);
    if (call.name !== "histogram_fraction") checkQuantiles(call, parameters, teller);
    for (const { labels, series } of histograms) {
      const buckets: Bucket[] = series.flatMap(({ upper, points }) =>
        points.present[i] === 1 ? [{ upper, count: points.values[i] ?? Number.NaN }] : [],
      );
      if (buckets.length === 0) continue;
      if (call.name === "histogram_fraction") {
        const [lower = Number.NaN, upper = Number.NaN] = parameters;
        setPoint(out.at(labels, true), i, bucketFraction(lower, upper, buckets));
        continue;
      }
      for (const q of parameters) {
        const { value, forced } = bucketQuantile(q, buckets);
        if (forced !== undefined) teller.inform(forcedText(labels, forced), call.place);
        const own =
          call.name === "histogram_quantile" ? labels : withLabel(labels, call.label, openMetrics(q));
        const result = out.at(own, true);
        if (result.present[i] === 1)
          throw executionError("vector cannot contain metrics with the same labelset");
        setPoint(result, i, value);
      }
    }
  }
  return out.series;
}

function checkQuantiles(
  { numberPlaces, place }: HistogramCall,
  parameters: readonly number[],
  teller: Teller,
): void {
  for (const [n, q] of parameters.entries()) {
    if (q >= 0 && q <= 1) continue;
    teller.warn(`quantile value should be between 0 and 1, got ${goFloat(q)}`, numberPlaces[n] ?? place);
  }
}

function forcedText(labels: Labels, { least, most, difference }: Forced): string {
  const name = labelOf(labels, METRIC_NAME);
  const of = name === "" ? "" : ` for metric name ${JSON.stringify(name)}`;
  return (
    "input to histogram_quantile needed to be fixed for monotonicity (see " +
    `https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${of}, from buckets ` +
    `${goFloat(least)} to ${goFloat(most)}, with a max diff of ${difference.toPrecision(2)}`
  );
}

/** classic puts the buckets of each classic histogram together. */
function classic({ vector, place }: HistogramCall, teller: Teller): Classic[] {
  const found = new Map<string, Classic>();
  for (const points of vector) {
    const bound = labelOf(points.labels, "le");
    const upper = boundOf(bound);
    if (Number.isNaN(upper)) {
      const name = labelOf(points.labels, METRIC_NAME);
      const of = name === "" ? "" : ` for metric name ${JSON.stringify(name)}`;
      teller.warn(
        `bucket label "le" is missing or has a malformed value of ${JSON.stringify(bound)}${of}`,
        place,
      );
      continue;
    }
    const labels = without(points.labels, ["le"]);
    const key = keyOf(labels);
    const known = found.get(key);
    if (known === undefined) found.set(key, { labels, series: [{ upper, points }] });
    else known.series.push({ upper, points });
  }
  return [...found.values()];
}

function boundOf(text: string): number {
  if (/^\+?inf(?:inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-inf(?:inity)?$/i.test(text)) return Number.NEGATIVE_INFINITY;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** openMetrics writes a number as OpenMetrics does: whole ones with `.0`. */
function openMetrics(value: number): string {
  const text = goFloat(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
