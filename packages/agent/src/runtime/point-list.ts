import {
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  type Input,
  type KeyValue,
  type Metric,
  type NumberDataPoint,
  TEMPORALITY,
} from "@go3s/telemetry";
import { type MetricName, type MetricRow, metricRows } from "./metric-rows.js";

/** PointList collects the metrics of one resource for one request. */
export interface PointList {
  /**
   * add takes a whole number, or one with a fraction where `isWhole` is false; an undefined one is left out. `since` is where a sum
   * begins that did not begin with the others, in Unix nanoseconds.
   */
  add(
    name: MetricName,
    value: number | undefined,
    attributes?: readonly KeyValue[],
    isWhole?: boolean,
    since?: bigint,
  ): void;
  /** histogram takes the only one of its name. */
  histogram(name: MetricName, point: Input<HistogramDataPoint>): void;
  exponential(name: MetricName, point: Input<ExponentialHistogramDataPoint>): void;
  /**
   * take gives what was collected and begins anew; `start` is since when the process's own sums count, `since` since when
   * ours do: those with exponential buckets. All in Unix nanoseconds.
   */
  take(
    start: bigint,
    since: bigint,
    now: bigint,
  ): { readonly metrics: Input<Metric>[]; readonly points: number };
}

interface Collected {
  readonly numbers: Input<NumberDataPoint>[];
  readonly histograms: Input<HistogramDataPoint>[];
  readonly exponentials: Input<ExponentialHistogramDataPoint>[];
}

// What stays as it is is said again this often: a reader that came late must not wait long for it, and each point costs
// its making and its place in the store.
const repeatMs = 10_000;
// What is looked at live, and asked for by the second.
const always: ReadonlySet<MetricName> = new Set<MetricName>([
  "go.goroutine.count",
  "go3s.goroutines.count",
  "go3s.heap.alloc_bytes.total",
  "go3s.scheduler.runqueue.length",
]);

/** newPointList makes an empty list. */
export function newPointList(): PointList {
  const collected = new Map<MetricName, Collected>();
  const said = new Map<string, { value: number; at: number }>();
  let sweptAt = performance.now();
  let count = 0;
  const of = (name: MetricName): Collected => {
    let found = collected.get(name);
    if (found === undefined) {
      found = { numbers: [], histograms: [], exponentials: [] };
      collected.set(name, found);
    }
    count++;
    return found;
  };

  /** isSaid says whether a value was told lately, and notes it when not. */
  const isSaid = (key: string, value: number): boolean => {
    const last = said.get(key);
    const now = performance.now();
    if (last !== undefined && last.value === value && now - last.at < repeatMs) return true;
    said.set(key, { value, at: now });
    return false;
  };

  /** sweep lets go of what would be said again anyway: of series that there are no more. */
  const sweep = (): void => {
    const now = performance.now();
    if (now - sweptAt < repeatMs) return;
    sweptAt = now;
    for (const [key, { at }] of said) if (now - at >= repeatMs) said.delete(key);
  };

  return {
    add(name, value, attributes = [], isWhole = true, since) {
      if (value === undefined) return;
      const key = attributes.reduce<string>(
        (text, each) => `${text}|${each.value?.stringValue ?? each.value?.intValue ?? ""}`,
        name,
      );
      if (!always.has(name) && isSaid(key, value)) return;
      of(name).numbers.push({
        attributes,
        ...(since === undefined ? {} : { startTimeUnixNano: since }),
        ...(isWhole ? { asInt: BigInt(Math.trunc(value)) } : { asDouble: value }),
      });
    },
    histogram(name, point) {
      if (!isSaid(name, Number(point.count))) of(name).histograms.push(point);
    },
    exponential: (name, point) => void of(name).exponentials.push(point),
    take(start, since, now) {
      const times = { startTimeUnixNano: start, timeUnixNano: now };
      const metrics: Input<Metric>[] = [];
      for (const [name, { numbers, histograms, exponentials }] of collected) {
        const row: MetricRow = metricRows[name];
        const head = { name, unit: row.unit, description: row.description };
        const aggregationTemporality = TEMPORALITY.CUMULATIVE;
        if (exponentials.length > 0) {
          const dataPoints = exponentials.map((point) => ({ ...times, startTimeUnixNano: since, ...point }));
          metrics.push({ ...head, exponentialHistogram: { dataPoints, aggregationTemporality } });
        } else if (histograms.length > 0) {
          const dataPoints = histograms.map((point) => ({ ...times, ...point }));
          metrics.push({ ...head, histogram: { dataPoints, aggregationTemporality } });
        } else if (row.kind === "gauge") {
          metrics.push({
            ...head,
            gauge: { dataPoints: numbers.map((point) => ({ timeUnixNano: now, ...point })) },
          });
        } else {
          metrics.push({
            ...head,
            sum: {
              dataPoints: numbers.map((point) => ({
                ...times,
                ...(row.sinceWatched === true ? { startTimeUnixNano: since } : {}),
                ...point,
              })),
              aggregationTemporality,
              isMonotonic: row.kind === "counter",
            },
          });
        }
      }
      sweep();
      const points = count;
      collected.clear();
      count = 0;
      return { metrics, points };
    },
  };
}

/** textAttributes makes attributes of names and texts. */
export function textAttributes(values: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
