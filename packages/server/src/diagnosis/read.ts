import type { ApiContext, ApiRequest, Parameters } from "../api/context.js";
import { nanosToMs } from "../api/context.js";
import { kinds } from "../api/names.js";
import type { Buckets, Range } from "../api/types.js";
import { number, numberOrNull, numbers, type Row, rowsOf, text, toNumber, wordOf } from "../query/rows.js";
import { diagnosisText } from "./evidence.js";
import type { MetricRow, Question, RequestRow, Source, VersionRow, Windows } from "./model.js";
import type { BucketFigures } from "./window.js";

// The store as a diagnosis' source: each method is one statement of this folder.

const sampledRequests = 3000;
const mostSpans = 100_000;

const nanos = (ms: number): string => `${Math.round(ms)}000000`;

const between = (range: Range): Parameters => ({ from_ns: nanos(range.from_ms), to_ns: nanos(range.to_ms) });

const both = ({ affected, baseline }: Windows): Parameters => ({
  from_ns: nanos(Math.min(affected.from_ms, baseline.from_ms)),
  to_ns: nanos(Math.max(affected.to_ms, baseline.to_ms)),
  affected_from_ns: nanos(affected.from_ms),
  affected_to_ns: nanos(affected.to_ms),
  baseline_from_ns: nanos(baseline.from_ms),
  baseline_to_ns: nanos(baseline.to_ms),
});

/** arrayText writes texts as the value of an {name:Array(String)}. */
export function arrayText(values: Iterable<string>): string {
  const quoted = [...values].map((value) => `'${value.replaceAll(/[\\']/g, "\\$&")}'`);
  return `[${quoted.join(",")}]`;
}

/** readingSource asks the engine for what a diagnosis of this question needs. */
export function readingSource(context: ApiContext, request: ApiRequest, question: Question): Source {
  const ask = async (name: string, parameters: Parameters): Promise<Row[]> =>
    rowsOf(await context.engine(diagnosisText(name), "JSONCompact", parameters, request.signal));
  const asked = { service: question.service, operation: question.operation };
  const requestsIn = async (range: Range): Promise<RequestRow[]> => {
    if (range.to_ms <= range.from_ms) return [];
    const found = await ask("requests", { ...asked, ...between(range), limit: sampledRequests });
    return found.map(requestRow);
  };
  return {
    async series(range, buckets) {
      const found = await ask("series", { ...asked, ...between(range), ...axis(buckets) });
      const series = Array.from({ length: buckets.count }, (): BucketFigures => emptyBucket);
      for (const row of found) {
        const at = number(row, "bucket");
        if (at < 0 || at >= series.length) continue;
        const [p50 = 0, p95 = 0] = numbers(row, "quantiles");
        series[at] = {
          requests: number(row, "requests"),
          errors: number(row, "errors"),
          p50_ns: p50,
          p95_ns: p95,
        };
      }
      return series;
    },
    async requests({ affected, baseline }) {
      const [now, before] = await Promise.all([requestsIn(affected), requestsIn(baseline)]);
      return { affected: now, baseline: before };
    },
    async spans({ bad, rest, baseline }, within) {
      const found = await ask("spans", {
        ...between(within),
        traces: arrayText(tracesOf(bad, rest, baseline)),
        limit: mostSpans,
      });
      return found.map((row) => ({
        trace: text(row, "trace_id"),
        span: text(row, "span_id"),
        parent: text(row, "parent_span_id"),
        service: text(row, "service_name"),
        operation: text(row, "operation"),
        kind: wordOf(row, "kind", kinds),
        failed: number(row, "failed") === 1,
        message: text(row, "message"),
        startNs: number(row, "offset_ns"),
        ns: number(row, "duration_ns"),
        peer: text(row, "peer"),
        waits: numbers(row, "waits"),
      }));
    },
    async values({ bad, rest, baseline }, within) {
      const found = await ask("values", {
        ...between(within),
        traces: arrayText(tracesOf(bad, rest, baseline)),
        bad: arrayText(tracesOf(bad)),
        rest: arrayText(tracesOf(rest)),
      });
      return found.map((row) => ({
        service: text(row, "service_name"),
        key: text(row, "key"),
        value: text(row, "value"),
        bad: number(row, "bad"),
        rest: number(row, "rest"),
        baseline: number(row, "baseline"),
      }));
    },
    async logs(services, windows) {
      const found = await ask("logs", { ...both(windows), services: arrayText(services) });
      return found.map((row) => ({
        service: text(row, "service_name"),
        level: text(row, "level"),
        template: text(row, "template"),
        example: text(row, "example"),
        affected: number(row, "affected"),
        baseline: number(row, "baseline"),
        firstMs: nanosToMs(text(row, "first_ns")),
      }));
    },
    async metrics(services, range, buckets) {
      const found = await ask("metrics", {
        ...between(range),
        ...axis(buckets),
        services: arrayText(services),
      });
      return metricRows(found, buckets);
    },
    async versions(services, range) {
      const found = await ask("versions", { ...between(range), services: arrayText(services) });
      return found.map(versionRow);
    },
    async traffic(windows) {
      const found = await ask("traffic", { ...asked, ...both(windows) });
      return found.map((row) => ({
        key: wordOf(row, "key", ["operation", "caller"]),
        value: text(row, "value"),
        affected: number(row, "affected"),
        baseline: number(row, "baseline"),
      }));
    },
  };
}

const emptyBucket: BucketFigures = { requests: 0, errors: 0, p50_ns: null, p95_ns: null };

const axis = ({ start_ms, step_ms }: Buckets): Parameters => ({
  start_ns: nanos(start_ms),
  step_ns: nanos(step_ms),
});

const tracesOf = (...groups: readonly (readonly RequestRow[])[]): Set<string> =>
  new Set(groups.flatMap((group) => group.map((row) => row.trace)));

/** versionRow reads a row of versions.sql. */
export const versionRow = (row: Row): VersionRow => ({
  service: text(row, "service_name"),
  key: text(row, "key"),
  value: text(row, "value"),
  firstMs: nanosToMs(text(row, "first_ns")),
  lastMs: nanosToMs(text(row, "last_ns")),
});

function requestRow(row: Row): RequestRow {
  const startNs = text(row, "start_ns");
  return {
    trace: text(row, "trace_id"),
    span: text(row, "span_id"),
    operation: text(row, "operation"),
    failed: number(row, "failed") === 1,
    atMs: nanosToMs(startNs),
    ns: number(row, "duration_ns"),
    startNs,
  };
}

/** metricRows puts values per bucket beside one another; a counter's are increases. */
export function metricRows(found: readonly Row[], buckets: Buckets): MetricRow[] {
  const series = new Map<string, MetricRow & { readonly values: (number | null)[] }>();
  for (const row of found) {
    const [service, name, labels] = [text(row, "service_name"), text(row, "name"), text(row, "labels")];
    const key = `${service}\n${name}\n${labels}`;
    let own = series.get(key);
    if (own === undefined) {
      own = {
        service,
        name,
        labels,
        unit: text(row, "unit"),
        isCounter: toNumber(row["is_counter"]) === 1,
        values: Array.from({ length: buckets.count }, () => null),
      };
      series.set(key, own);
    }
    const at = number(row, "bucket");
    if (at >= 0 && at < buckets.count) own.values[at] = numberOrNull(row, "value");
  }
  return [...series.values()];
}
