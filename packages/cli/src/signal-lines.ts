import {
  decodeProtobuf,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  type LogRecord,
  type Metric,
  type NumberDataPoint,
} from "@go3s/telemetry";
import { plain, type Values, valuesOf } from "./attribute-values.js";
import { clockText } from "./clock-text.js";
import { durationText } from "./duration-text.js";
import type { Output } from "./output.js";
import { cellText } from "./table.js";

/** printLogs shows the records of an OTLP logs request, those that are wanted. */
export function printLogs(
  body: Uint8Array,
  output: Output,
  wanted: (record: LogRecord) => boolean = () => true,
): void {
  for (const group of decodeProtobuf(ExportLogsServiceRequest, body).resourceLogs) {
    const resource = valuesOf(group.resource?.attributes ?? []);
    for (const record of group.scopeLogs.flatMap((each) => each.logRecords).filter(wanted)) {
      if (output.json) output.value(logValue(record, resource));
      else output.line(logLine(record, resource, output));
    }
  }
}

/** MetricPrinter shows the points of OTLP metrics requests; for people only those that changed. */
export type MetricPrinter = (body: Uint8Array, output: Output) => void;

// What was shown of each series; a probe with more series than this shows some of them twice.
const shownLimit = 10_000;

/** newMetricPrinter starts with nothing shown. */
export function newMetricPrinter(): MetricPrinter {
  const shown = new Map<string, string>();
  const isNew = (series: string, text: string): boolean => {
    if (shown.get(series) === text) return false;
    if (shown.size >= shownLimit) shown.clear();
    shown.set(series, text);
    return true;
  };
  return (body, output) => {
    for (const group of decodeProtobuf(ExportMetricsServiceRequest, body).resourceMetrics) {
      const resource = valuesOf(group.resource?.attributes ?? []);
      for (const metric of group.scopeMetrics.flatMap((each) => each.metrics)) {
        for (const point of pointsOf(metric, resource)) {
          if (output.json) output.value(point.value);
          else {
            const labels = labelText(point.value.attributes);
            const pid = String(resource["process.pid"] ?? "");
            const { name, service_name } = point.value;
            const series = [name, String(service_name), pid, labels].join("\0");
            if (isNew(series, point.shown)) output.line(pointLine(point, labels, output));
          }
        }
      }
    }
  };
}

function logValue(record: LogRecord, resource: Values): Values {
  return {
    signal: "log",
    timestamp_ns: record.timeUnixNano,
    service_name: resource["service.name"] ?? "",
    level: record.severityText,
    severity_number: record.severityNumber,
    body: plain(record.body),
    trace_id: record.traceId,
    span_id: record.spanId,
    attributes: valuesOf(record.attributes),
    resource,
  };
}

function logLine(record: LogRecord, resource: Values, { paint }: Output): string {
  const level = record.severityText.padEnd(5);
  return [
    paint.dim(clockText(record.timeUnixNano)),
    cellText(resource["service.name"] ?? "").padEnd(12),
    record.severityNumber >= 17
      ? paint.red(level)
      : record.severityNumber >= 13
        ? paint.yellow(level)
        : level,
    cellText(String(plain(record.body))),
    paint.dim(labelText(valuesOf(record.attributes))),
  ].join("  ");
}

/** Point is a data point as JSON has it, and its value for people. */
interface Point {
  readonly value: Values & {
    readonly name: string;
    readonly unit: string;
    readonly service_name: unknown;
    readonly timestamp_ns: bigint;
    readonly attributes: Values;
  };
  readonly shown: string;
}

function pointsOf(metric: Metric, resource: Values): Point[] {
  const { name, unit } = metric;
  const head = { signal: "metric", name, unit, service_name: resource["service.name"] ?? "" };
  const amount = (value: number): string => (unit === "ns" ? durationText(value) : `${value} ${unit}`.trim());
  const numbers = (type: string, points: readonly NumberDataPoint[]): Point[] =>
    points.map((point) => {
      const value = point.asInt ?? point.asDouble ?? 0;
      const attributes = valuesOf(point.attributes);
      const times = { timestamp_ns: point.timeUnixNano };
      return {
        value: { ...head, type, ...times, value, attributes, resource },
        shown: amount(Number(value)),
      };
    });
  return [
    ...numbers("sum", metric.sum?.dataPoints ?? []),
    ...numbers("gauge", metric.gauge?.dataPoints ?? []),
    ...(metric.exponentialHistogram?.dataPoints ?? []).map((point): Point => {
      const { count, sum = 0, min, max = 0, scale, zeroCount, positive } = point;
      const average = count === 0n ? 0 : sum / Number(count);
      const buckets = { scale, zero_count: zeroCount, positive };
      const times = { timestamp_ns: point.timeUnixNano };
      const attributes = valuesOf(point.attributes);
      return {
        value: {
          ...head,
          type: "exponential_histogram",
          ...times,
          count,
          sum,
          min,
          max,
          ...buckets,
          attributes,
          resource,
        },
        shown: `${count} ${count === 1n ? "value" : "values"}, average ${amount(Number(average.toPrecision(3)))}, most ${amount(max)}`,
      };
    }),
  ];
}

function pointLine({ value, shown }: Point, labels: string, { paint }: Output): string {
  return [
    paint.dim(clockText(value.timestamp_ns)),
    cellText(value.service_name).padEnd(12),
    paint.cyan(value.name),
    shown,
    paint.dim(labels),
  ].join("  ");
}

const labelText = (values: Values): string =>
  Object.entries(values)
    .map(([key, value]) => `${key}=${cellText(value)}`)
    .join(" ");
