import type { MetricDeclaration } from "@go3s/lang";
import {
  type ExponentialHistogramDataPoint,
  type Input,
  type Metric,
  type NumberDataPoint,
  TEMPORALITY,
} from "@go3s/telemetry";

/** Interval is what a point stands for, in Unix nanoseconds. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

/** MetricSource has a metric's points when it is asked. */
export interface MetricSource {
  /** collect gives the points of each resource. */
  collect(
    interval: Interval,
    give: (resource: Uint8Array, metric: Input<Metric>, points: number) => void,
  ): void;
}

/** Points are a metric's points of one resource. */
export interface Points {
  readonly numbers: Input<NumberDataPoint>[];
  readonly histograms: Input<ExponentialHistogramDataPoint>[];
}

/** newPoints collects points by resource. */
export function newPoints(): {
  of(resource: Uint8Array): Points;
  readonly all: ReadonlyMap<Uint8Array, Points>;
} {
  const all = new Map<Uint8Array, Points>();
  return {
    all,
    of(resource) {
      let points = all.get(resource);
      if (points === undefined) {
        points = { numbers: [], histograms: [] };
        all.set(resource, points);
      }
      return points;
    },
  };
}

/** metricOf makes the metric of an annotation from its points. */
export function metricOf(
  { name, type, unit, description }: MetricDeclaration,
  points: Points,
): Input<Metric> {
  const head = { name, unit, description };
  const { numbers, histograms } = points;
  const aggregationTemporality = TEMPORALITY.CUMULATIVE;
  switch (type) {
    case "gauge":
      return { ...head, gauge: { dataPoints: numbers } };
    case "histogram":
      return { ...head, exponentialHistogram: { dataPoints: histograms, aggregationTemporality } };
    default:
      return {
        ...head,
        sum: { dataPoints: numbers, aggregationTemporality, isMonotonic: type === "counter" },
      };
  }
}
