import type {
  AnyValue,
  Exemplar,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  InstrumentationScope,
  KeyValue,
  Metric,
  NumberDataPoint,
  Resource,
} from "@go3s/telemetry";
import { resourceId } from "../ingest/resource.js";

/** Row is a row as JSON: 64-bit integers as strings, maps as lists of pairs, tuples as lists. */
export type Row = Readonly<Record<string, unknown>>;

const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUSES = ["UNSET", "OK", "ERROR"];
const TEMPORALITIES = ["UNSPECIFIED", "DELTA", "CUMULATIVE"];
const LARGEST_TIME = 2n ** 63n - 1n;

/** textOf gives an attribute value as the columns have it, from the object: slow and plain. */
export function textOf(value: AnyValue | undefined): string {
  if (value?.stringValue !== undefined) return value.stringValue;
  if (value?.arrayValue !== undefined || value?.kvlistValue !== undefined) return jsonOf(value);
  if (value?.boolValue !== undefined) return String(value.boolValue);
  if (value?.intValue !== undefined) return String(value.intValue);
  if (value?.doubleValue !== undefined) return doubleText(value.doubleValue);
  if (value?.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString("base64");
  return "";
}

function jsonOf(value: AnyValue): string {
  if (value.arrayValue !== undefined) return `[${value.arrayValue.values.map(jsonOf).join(",")}]`;
  if (value.kvlistValue !== undefined) {
    const members = value.kvlistValue.values.map(
      ({ key, value: member }) => `${JSON.stringify(key)}:${member === undefined ? "null" : jsonOf(member)}`,
    );
    return `{${members.join(",")}}`;
  }
  if (value.stringValue !== undefined) return JSON.stringify(value.stringValue);
  if (value.bytesValue !== undefined) return JSON.stringify(textOf(value));
  if (value.doubleValue !== undefined && !Number.isFinite(value.doubleValue)) return `"${value.doubleValue}"`;
  // An int has no point.
  if (value.doubleValue !== undefined && !/[.e]/.test(doubleText(value.doubleValue)))
    return `${doubleText(value.doubleValue)}.0`;
  return textOf(value) || "null";
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

const LETTERS = [
  ["stringValue", "s"],
  ["intValue", "i"],
  ["doubleValue", "d"],
  ["boolValue", "b"],
  ["arrayValue", "a"],
  ["kvlistValue", "k"],
  ["bytesValue", "x"],
] as const;

/** types gives the letters of attributes' types; none where all are texts. */
function types(attributes: readonly KeyValue[]): string {
  const letters = attributes.map(
    ({ value }) => LETTERS.find(([field]) => value?.[field] !== undefined)?.[1] ?? "n",
  );
  return letters.every((letter) => letter === "s") ? "" : letters.join("");
}

function pairs(attributes: readonly KeyValue[]): readonly (readonly [string, string])[] {
  return attributes.map(({ key, value }) => [key, textOf(value)]);
}

/** validId gives an id that is one, else "". */
export function validId(id: string, digits: number): string {
  return id.length === digits && /[^0]/.test(id) ? id : "";
}

/** time gives a time as Int64 has it. */
export function time(ns: bigint): string {
  return String(ns > LARGEST_TIME ? LARGEST_TIME : ns);
}

/** number shows a double as ClickHouse's JSON with quoted denormals does. */
function number(value: number): unknown {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

/** common gives the columns that every signal has. */
export function common(
  tenant: string,
  resource: Resource | undefined,
  scope: InstrumentationScope | undefined,
): Record<string, unknown> {
  const attributes = pairs(resource?.attributes ?? []);
  const [lo, hi] = resourceId(attributes.map(([key, value]) => ({ key, value })));
  return {
    tenant,
    resource_id: String((BigInt(hi) << 32n) | BigInt(lo)),
    service_name: attributes.find(([key]) => key === "service.name")?.[1] ?? "",
    scope_name: scope?.name ?? "",
    scope_version: scope?.version ?? "",
    resource_attributes: attributes,
    resource_attribute_types: types(resource?.attributes ?? []),
  };
}

/** expectedTraces gives the rows that a request must make; rejected spans make none. */
export function expectedTraces(request: ExportTraceServiceRequest, tenant: string): readonly Row[] {
  const rows: Row[] = [];
  for (const { resource, scopeSpans } of request.resourceSpans) {
    for (const { scope, spans } of scopeSpans) {
      for (const span of spans) {
        if (validId(span.traceId, 32) === "" || validId(span.spanId, 16) === "") continue;
        if (span.parentSpanId !== "" && span.parentSpanId.length !== 16) continue;
        const length = span.endTimeUnixNano - span.startTimeUnixNano;
        rows.push({
          ...common(tenant, resource, scope),
          trace_id: span.traceId,
          span_id: span.spanId,
          parent_span_id: validId(span.parentSpanId, 16),
          trace_state: span.traceState,
          flags: span.flags,
          operation: span.name,
          kind: KINDS[span.kind] ?? "UNSPECIFIED",
          status_code: STATUSES[span.status?.code ?? 0] ?? "UNSET",
          status_message: span.status?.message ?? "",
          timestamp_ns: time(span.startTimeUnixNano),
          duration_ns: String(length < 0n ? 0n : length),
          attributes: pairs(span.attributes),
          attribute_types: types(span.attributes),
          events: span.events.map((event) => [time(event.timeUnixNano), event.name, pairs(event.attributes)]),
          links: span.links.map((link) => [
            validId(link.traceId, 32),
            validId(link.spanId, 16),
            link.traceState,
            pairs(link.attributes),
          ]),
          dropped_attributes_count: span.droppedAttributesCount,
          dropped_events_count: span.droppedEventsCount,
          dropped_links_count: span.droppedLinksCount,
        });
      }
    }
  }
  return rows;
}

function levelOf(severity: number, text: string): string {
  if (severity === 0) return text.toUpperCase();
  return ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"][Math.floor((severity - 1) / 4)] ?? "";
}

/** expectedLogs gives the rows that a request must make. */
export function expectedLogs(
  request: ExportLogsServiceRequest,
  tenant: string,
  receivedMs: number,
): readonly Row[] {
  const rows: Row[] = [];
  for (const { resource, scopeLogs } of request.resourceLogs) {
    for (const { scope, logRecords } of scopeLogs) {
      for (const record of logRecords) {
        const observed = record.observedTimeUnixNano || BigInt(receivedMs) * 1_000_000n;
        const severity =
          record.severityNumber >= 0 && record.severityNumber <= 24 ? record.severityNumber : 0;
        rows.push({
          ...common(tenant, resource, scope),
          timestamp_ns: time(record.timeUnixNano || observed),
          observed_timestamp_ns: time(observed),
          trace_id: validId(record.traceId, 32),
          span_id: validId(record.spanId, 16),
          flags: record.flags,
          severity_number: severity,
          severity_text: record.severityText,
          level: levelOf(severity, record.severityText),
          event_name: record.eventName,
          body: textOf(record.body),
          attributes: pairs(record.attributes),
          attribute_types: types(record.attributes),
          dropped_attributes_count: record.droppedAttributesCount,
        });
      }
    }
  }
  return rows;
}

const NOTHING = {
  value: 0,
  is_monotonic: 0,
  temporality: "UNSPECIFIED",
  count: "0",
  sum: 0,
  min: 0,
  max: 0,
  bucket_counts: [],
  explicit_bounds: [],
  scale: 0,
  zero_count: "0",
  zero_threshold: 0,
  positive_offset: 0,
  positive_bucket_counts: [],
  negative_offset: 0,
  negative_bucket_counts: [],
  quantiles: [],
  quantile_values: [],
  exemplars: [],
};

function value(point: NumberDataPoint | Exemplar): unknown {
  return number(point.asDouble ?? Number(point.asInt ?? 0n));
}

function exemplars(list: readonly Exemplar[]): unknown {
  return list.map((one) => [
    time(one.timeUnixNano),
    value(one),
    validId(one.traceId, 32),
    validId(one.spanId, 16),
    pairs(one.filteredAttributes),
  ]);
}

function pointsOf(metric: Metric): readonly Row[] {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
  const numbers = (gauge ?? sum)?.dataPoints.map((point) => ({
    point,
    type: gauge === undefined ? "sum" : "gauge",
    is_monotonic: sum?.isMonotonic === true ? 1 : 0,
    temporality: TEMPORALITIES[sum?.aggregationTemporality ?? 0] ?? "UNSPECIFIED",
    value: value(point),
    exemplars: exemplars(point.exemplars),
  }));
  const histograms = (histogram ?? exponentialHistogram)?.dataPoints.map((point) => ({
    point,
    type: histogram === undefined ? "exponential_histogram" : "histogram",
    temporality:
      TEMPORALITIES[(histogram ?? exponentialHistogram)?.aggregationTemporality ?? 0] ?? "UNSPECIFIED",
    count: String(point.count),
    sum: number(point.sum ?? Number.NaN),
    min: number(point.min ?? Number.NaN),
    max: number(point.max ?? Number.NaN),
    exemplars: exemplars(point.exemplars),
    ...("bucketCounts" in point
      ? { bucket_counts: point.bucketCounts.map(String), explicit_bounds: point.explicitBounds.map(number) }
      : {
          scale: point.scale,
          zero_count: String(point.zeroCount),
          zero_threshold: number(point.zeroThreshold),
          positive_offset: point.positive?.offset ?? 0,
          positive_bucket_counts: point.positive?.bucketCounts.map(String) ?? [],
          negative_offset: point.negative?.offset ?? 0,
          negative_bucket_counts: point.negative?.bucketCounts.map(String) ?? [],
        }),
  }));
  const summaries = summary?.dataPoints.map((point) => ({
    point,
    type: "summary",
    count: String(point.count),
    sum: number(point.sum),
    quantiles: point.quantileValues.map(({ quantile }) => number(quantile)),
    quantile_values: point.quantileValues.map((one) => number(one.value)),
  }));
  return [...(numbers ?? []), ...(histograms ?? []), ...(summaries ?? [])].map(({ point, ...own }) => ({
    ...NOTHING,
    ...own,
    name: metric.name,
    description: metric.description,
    unit: metric.unit,
    timestamp_ns: time(point.timeUnixNano),
    start_timestamp_ns: time(point.startTimeUnixNano),
    flags: point.flags,
    attributes: pairs(point.attributes),
    attribute_types: types(point.attributes),
  }));
}

/** expectedMetrics gives the rows that a request must make: one per data point. */
export function expectedMetrics(request: ExportMetricsServiceRequest, tenant: string): readonly Row[] {
  return request.resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.flatMap((metric) =>
        pointsOf(metric).map((row) => ({ ...common(tenant, resource, scope), ...row })),
      ),
    ),
  );
}
