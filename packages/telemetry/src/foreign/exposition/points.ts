import type { KeyValue } from "../../otlp/common.js";
import type { Input } from "../../otlp/message.js";
import { type Metric, TEMPORALITY } from "../../otlp/metrics.js";
import type {
  Exemplar,
  HistogramDataPoint,
  NumberDataPoint,
  SummaryDataPoint,
  ValueAtQuantile,
} from "../../otlp/points.js";
import { numberOf } from "./cursor.js";

/** Kind is what becomes of samples: a point with one value, or one made of several samples. */
export type Kind = "gauge" | "sum" | "histogram" | "summary";

/** Bound is a sample of a bucket or quantile. */
export interface Bound {
  /** The value of `le` or `quantile`. */
  readonly at: string;
  readonly value: number;
}

/** Gathered are the samples that make up one point. */
export interface Gathered {
  readonly kind: Kind;
  readonly attributes: readonly KeyValue[];
  readonly timeMs: number;
  /** How many samples it is made of. */
  samples: number;
  value: number | undefined;
  sum: number | undefined;
  count: number | undefined;
  createdMs: number | undefined;
  readonly bounds: Bound[];
  /** exemplars by what they say: the same one stands on the page until there is another. */
  exemplars: Map<string, Input<Exemplar>> | undefined;
}

const noRecordedValue = 1;

/** MetricPoint is a point of any kind. */
export type MetricPoint = Input<NumberDataPoint> | Input<HistogramDataPoint> | Input<SummaryDataPoint>;

/** totalOf is the number that only grows unless its target began anew; undefined where there is none. */
export function totalOf(gathered: Gathered): number | undefined {
  if (gathered.kind === "sum") return gathered.value;
  if (gathered.kind === "gauge") return undefined;
  return (
    gathered.count ?? gathered.bounds.find((each) => numberOf(each.at) === Number.POSITIVE_INFINITY)?.value
  );
}

/** pointOf makes a point of what was gathered. */
export function pointOf(gathered: Gathered, startMs: number): MetricPoint {
  const { kind, attributes, timeMs, sum } = gathered;
  const exemplars = gathered.exemplars === undefined ? [] : [...gathered.exemplars.values()];
  const times = {
    attributes,
    startTimeUnixNano: BigInt(Math.round(startMs)) * 1_000_000n,
    timeUnixNano: BigInt(timeMs) * 1_000_000n,
  };
  if (kind === "histogram") return { ...times, exemplars, ...histogramOf(gathered) };
  if (kind === "summary")
    return {
      ...times,
      count: whole(gathered.count ?? 0),
      sum: sum ?? 0,
      quantileValues: gathered.bounds.flatMap(({ at, value }): ValueAtQuantile[] => {
        const quantile = numberOf(at);
        return quantile === undefined ? [] : [{ quantile, value }];
      }),
    };
  return { ...times, exemplars, asDouble: gathered.value ?? 0 };
}

/** stalePoint says that a series has ended: Prometheus' staleness marker is OTLP's flag for no recorded value. */
export function stalePoint(attributes: readonly KeyValue[], startMs: number, timeMs: number): MetricPoint {
  return {
    attributes,
    startTimeUnixNano: BigInt(Math.round(startMs)) * 1_000_000n,
    timeUnixNano: BigInt(timeMs) * 1_000_000n,
    flags: noRecordedValue,
  };
}

/** histogramOf takes buckets apart: Prometheus counts what is up to a bound, OTLP what is between two. */
function histogramOf(gathered: Gathered): Input<HistogramDataPoint> {
  const bounds = gathered.bounds
    .map(({ at, value }) => ({ bound: numberOf(at) ?? Number.NaN, value }))
    .filter(({ bound }) => !Number.isNaN(bound))
    .sort((a, b) => a.bound - b.bound);
  const count = whole(totalOf(gathered) ?? bounds.at(-1)?.value ?? 0);
  const explicit = bounds.filter(({ bound }) => bound !== Number.POSITIVE_INFINITY);
  let before = 0n;
  const bucketCounts = [...explicit.map(({ value }) => whole(value)), count].map((upTo) => {
    const within = upTo > before ? upTo - before : 0n;
    if (upTo > before) before = upTo;
    return within;
  });
  return {
    count,
    ...(gathered.sum === undefined ? {} : { sum: gathered.sum }),
    bucketCounts,
    explicitBounds: explicit.map(({ bound }) => bound),
  };
}

function whole(value: number): bigint {
  return value > 0 && value < 2 ** 64 ? BigInt(Math.round(value)) : 0n;
}

/** metricOf wraps points of one kind. Its points are of that kind: pointOf and stalePoint made them for it. */
export function metricOf(kind: Kind, head: Input<Metric>, dataPoints: MetricPoint[]): Input<Metric> {
  const aggregationTemporality = TEMPORALITY.CUMULATIVE;
  switch (kind) {
    case "gauge":
      return { ...head, gauge: { dataPoints } };
    case "sum":
      return { ...head, sum: { dataPoints, isMonotonic: true, aggregationTemporality } };
    case "histogram":
      return { ...head, histogram: { dataPoints, aggregationTemporality } };
    case "summary":
      return { ...head, summary: { dataPoints } };
  }
}
