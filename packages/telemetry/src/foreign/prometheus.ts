import type { KeyValue } from "../otlp/common.js";
import type { Input } from "../otlp/message.js";
import { type ExportMetricsServiceRequest, type Metric, TEMPORALITY } from "../otlp/metrics.js";
import type { Exemplar, ExponentialHistogramDataPoint, NumberDataPoint } from "../otlp/points.js";
import { ATTR } from "../semantic.js";
import {
  type BucketSpan,
  type Label,
  METRIC_TYPE,
  type NativeHistogram,
  type Sample,
  type WriteRequestV1,
  type WriteRequestV2,
} from "./remote-write.js";
import { textValue } from "./values.js";

/** WrittenSeries is a series of either version of remote write, with the texts it refers to. */
export interface WrittenSeries {
  readonly labels: readonly Label[];
  readonly samples: readonly Sample[];
  readonly histograms: readonly NativeHistogram[];
  readonly exemplars: readonly {
    readonly labels: readonly Label[];
    readonly value: number;
    readonly timestamp: bigint;
  }[];
  /** type is a METRIC_TYPE, help and unit are "" where the sender did not say. */
  readonly type: number;
  readonly help: string;
  readonly unit: string;
  /** createdMs is when the series began, 0 where the sender did not say. */
  readonly createdMs: bigint;
}

/** Written counts what a request holds, as remote write 2.0 answers it. */
export interface Written {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

/** seriesOfV1 gives the series of a remote write 1.0 request; a family's metadata may stand in another request. */
export function seriesOfV1({ timeseries, metadata }: WriteRequestV1): WrittenSeries[] {
  const families = new Map(metadata.map((each) => [each.metricFamilyName, each]));
  return timeseries.map((series) => {
    const name = series.labels.find((each) => each.name === "__name__")?.value ?? "";
    const family =
      families.get(name) ?? families.get(name.replace(/_(?:total|bucket|sum|count|created|info)$/, ""));
    const { type = 0, help = "", unit = "" } = family ?? {};
    return { ...series, type, help, unit, createdMs: 0n };
  });
}

/** seriesOfV2 gives the series of a remote write 2.0 request; a reference beyond the table is an empty text. */
export function seriesOfV2({ symbols, timeseries }: WriteRequestV2): WrittenSeries[] {
  const text = (ref: number): string => symbols[ref] ?? "";
  const labelsOf = (refs: readonly number[]): Label[] =>
    Array.from({ length: refs.length >> 1 }, (_, i) => ({
      name: text(refs[2 * i] ?? 0),
      value: text(refs[2 * i + 1] ?? 0),
    }));
  return timeseries.map(({ labelsRefs, samples, histograms, exemplars, metadata, createdTimestamp }) => ({
    labels: labelsOf(labelsRefs),
    samples,
    histograms,
    exemplars: exemplars.map((each) => ({ ...each, labels: labelsOf(each.labelsRefs) })),
    type: metadata?.type ?? METRIC_TYPE.UNKNOWN,
    help: text(metadata?.helpRef ?? 0),
    unit: text(metadata?.unitRef ?? 0),
    createdMs: createdTimestamp,
  }));
}

// Prometheus marks the end of a series by this NaN (model/value: StaleNaN); OTLP has a flag for it.
const staleNaN = 0x7ff0000000000002n;
const noRecordedValue = 1;

/**
 * remoteWriteToOtlp makes OTLP metrics of series, one metric a series, by OpenTelemetry's rules
 * (opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics): `job` is the service, `instance` its
 * instance; names and labels stay as they are, so that they are found as they were sent. A classic histogram or summary
 * stays the series that Prometheus made of it.
 */
export function remoteWriteToOtlp(series: readonly WrittenSeries[]): {
  readonly request: Input<ExportMetricsServiceRequest>;
  readonly written: Written;
} {
  const groups = new Map<string, { attributes: KeyValue[]; metrics: Input<Metric>[] }>();
  const written = { samples: 0, histograms: 0, exemplars: 0 };
  for (const each of series) {
    const job = labelOf(each.labels, "job");
    const instance = labelOf(each.labels, "instance");
    const key = `${job}\0${instance}`;
    const group = groups.get(key) ?? { attributes: resourceOf(job, instance), metrics: [] };
    groups.set(key, group);
    group.metrics.push(...metricsOf(each));
    written.samples += each.samples.length;
    written.histograms += each.histograms.length;
    written.exemplars += each.exemplars.length;
  }
  const resourceMetrics = [...groups.values()].map(({ attributes, metrics }) => ({
    resource: { attributes },
    scopeMetrics: [{ metrics }],
  }));
  return { request: { resourceMetrics }, written };
}

/** resourceOf gives a resource's attributes by OpenTelemetry's rules. */
export function resourceOf(job: string, instance: string): KeyValue[] {
  // A job "namespace/name" is how OpenTelemetry writes both.
  const cut = job.lastIndexOf("/");
  const found = [textValue(ATTR.SERVICE_NAME, job === "" ? "unknown_service" : job.slice(cut + 1))];
  if (cut > 0) found.push(textValue(ATTR.SERVICE_NAMESPACE, job.slice(0, cut)));
  if (instance !== "") found.push(textValue(ATTR.SERVICE_INSTANCE_ID, instance));
  return found;
}

function metricsOf(series: WrittenSeries): Input<Metric>[] {
  const name = labelOf(series.labels, "__name__");
  const attributes = series.labels.flatMap((each) =>
    each.name === "__name__" || each.name === "job" || each.name === "instance"
      ? []
      : [textValue(each.name, each.value)],
  );
  const head = { name, unit: series.unit, description: series.help };
  const start = series.createdMs * 1_000_000n;
  const metrics: Input<Metric>[] = [];
  if (series.samples.length > 0) {
    const exemplars = series.exemplars.map(exemplarOf);
    const dataPoints = series.samples.map((sample, i): Input<NumberDataPoint> => {
      const point = { attributes, startTimeUnixNano: start, timeUnixNano: sample.timestamp * 1_000_000n };
      // Exemplars belong to the scrape, not to one sample of several: the last is the scrape they came with.
      const more = i === series.samples.length - 1 ? { exemplars } : {};
      return sample.value === staleNaN
        ? { ...point, flags: noRecordedValue }
        : { ...point, ...more, asDouble: doubleOf(sample.value) };
    });
    if (isCounter(name, series.type))
      metrics.push({
        ...head,
        sum: { dataPoints, isMonotonic: true, aggregationTemporality: TEMPORALITY.CUMULATIVE },
      });
    else metrics.push({ ...head, gauge: { dataPoints } });
  }
  if (series.histograms.length > 0) {
    const dataPoints = series.histograms.map((each) => histogramOf(each, attributes, start));
    metrics.push({
      ...head,
      exponentialHistogram: { dataPoints, aggregationTemporality: TEMPORALITY.CUMULATIVE },
    });
  }
  return metrics;
}

/** isCounter tells whether a series only grows, by its type or else its name. */
export function isCounter(name: string, type: number): boolean {
  if (type === METRIC_TYPE.COUNTER) return true;
  const isPart = /_(?:bucket|sum|count)$/.test(name);
  if (type === METRIC_TYPE.HISTOGRAM || type === METRIC_TYPE.SUMMARY) return isPart;
  // Without metadata the naming rules of OpenMetrics are what there is.
  return type === METRIC_TYPE.UNKNOWN && (isPart || name.endsWith("_total"));
}

/** exemplarOf takes trace_id and span_id out of an exemplar's labels. */
export function exemplarOf({
  labels,
  value,
  timestamp,
}: WrittenSeries["exemplars"][number]): Input<Exemplar> {
  const hexOf = (name: string, length: number): string => {
    const text = labelOf(labels, name).toLowerCase();
    return new RegExp(`^[0-9a-f]{${length}}$`).test(text) ? text : "";
  };
  const [traceId, spanId] = [hexOf("trace_id", 32), hexOf("span_id", 16)];
  return {
    timeUnixNano: timestamp * 1_000_000n,
    asDouble: value,
    traceId,
    spanId,
    filteredAttributes: labels.flatMap((each) =>
      (each.name === "trace_id" && traceId !== "") || (each.name === "span_id" && spanId !== "")
        ? []
        : [textValue(each.name, each.value)],
    ),
  };
}

function histogramOf(
  histogram: NativeHistogram,
  attributes: readonly KeyValue[],
  start: bigint,
): Input<ExponentialHistogramDataPoint> {
  const { positiveSpans, positiveDeltas, positiveCounts, negativeSpans, negativeDeltas, negativeCounts } =
    histogram;
  const times = { attributes, startTimeUnixNano: start, timeUnixNano: histogram.timestamp * 1_000_000n };
  if (histogram.sum === staleNaN) return { ...times, flags: noRecordedValue };
  const whole = (value: number): bigint =>
    Number.isFinite(value) && value > 0 ? BigInt(Math.round(value)) : 0n;
  return {
    ...times,
    count: histogram.countInt === 0n ? whole(histogram.countFloat) : histogram.countInt,
    sum: doubleOf(histogram.sum),
    scale: histogram.schema,
    zeroCount: histogram.zeroCountInt === 0n ? whole(histogram.zeroCountFloat) : histogram.zeroCountInt,
    zeroThreshold: histogram.zeroThreshold,
    positive: bucketsOf(positiveSpans, countsOf(positiveDeltas, positiveCounts.map(whole))),
    negative: bucketsOf(negativeSpans, countsOf(negativeDeltas, negativeCounts.map(whole))),
  };
}

/** countsOf adds up differences; they stand as zigzag varints. */
function countsOf(deltas: readonly bigint[], floats: readonly bigint[]): bigint[] {
  if (deltas.length === 0) return [...floats];
  let now = 0n;
  return deltas.map((each) => {
    now += (each >> 1n) ^ -(each & 1n);
    return now < 0n ? 0n : now;
  });
}

// Runs far apart would make a list of zeros of any length.
const mostBuckets = 4096;

/** bucketsOf lays runs out as OTLP has them, from the lowest on. Prometheus numbers a bucket by its upper bound, OTLP by its lower. */
function bucketsOf(
  spans: readonly BucketSpan[],
  counts: readonly bigint[],
): { offset: number; bucketCounts: bigint[] } {
  const first = spans[0];
  if (first === undefined || counts.length === 0) return { offset: 0, bucketCounts: [] };
  const bucketCounts: bigint[] = [];
  let at = 0;
  spans.forEach((span, i) => {
    if (i > 0)
      for (let gap = 0; gap < span.offset && bucketCounts.length < mostBuckets; gap++) bucketCounts.push(0n);
    for (let n = 0; n < span.length && at < counts.length && bucketCounts.length < mostBuckets; n++)
      bucketCounts.push(counts[at++] ?? 0n);
  });
  return { offset: first.offset - 1, bucketCounts };
}

const scratch = new DataView(new ArrayBuffer(8));

function doubleOf(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

/** labelOf gives a label's value, "" where it is not there. */
export function labelOf(labels: readonly Label[], name: string): string {
  return labels.find((each) => each.name === name)?.value ?? "";
}
