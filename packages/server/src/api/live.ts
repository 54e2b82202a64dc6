import type { FilterNode } from "../filter/ast.js";
import { number, type Row, text, textMap } from "../query/rows.js";
import { bucketsOf, coveredSeconds, series } from "./buckets.js";
import { type ApiContext, type ApiRequest, rows } from "./context.js";
import type { TailAnswer, TailLog, TailSpan, TopAnswer, TopRow } from "./live-types.js";
import { filterOf, limitOf, rangeOf, signalOf } from "./parameters.js";
import { redOf } from "./red.js";
import type { Buckets, Range } from "./types.js";

/** WINDOW_MS is how long a span may have taken to be seen when it ends: a question every half second must not read hours. */
const WINDOW_MS = 300_000;
const topBuckets = 20;

/** tail answers GET tail: the newest spans that ended, or log records, since `from`. */
export async function tail(context: ApiContext, request: ApiRequest): Promise<TailAnswer> {
  const { search } = request;
  const range = rangeOf(search, request.nowMs);
  const on = signalOf(search);
  const limit = limitOf(search, 1000, 10_000);
  const filter: FilterNode = filterOf(search);
  const parameters = { limit: limit + 1, window_ns: `${range.from_ms - WINDOW_MS}000000` };
  const found = await rows(context, request, { statement: `tail-${on}`, range, filter, on, parameters });
  const shown = found.slice(0, limit).reverse();
  return {
    spans: on === "traces" ? shown.map(spanOf) : [],
    logs: on === "logs" ? shown.map(logOf) : [],
    more: found.length > limit,
  };
}

function spanOf(row: Row): TailSpan {
  return {
    trace_id: text(row, "trace_id"),
    span_id: text(row, "span_id"),
    parent_span_id: text(row, "parent_span_id"),
    service_name: text(row, "service_name"),
    operation: text(row, "operation"),
    kind: text(row, "kind"),
    status_code: text(row, "status_code"),
    status_message: text(row, "status_message"),
    duration_ns: text(row, "length_ns"),
    timestamp_ns: text(row, "at_ns"),
    attributes: textMap(row["attributes"]),
    resource: textMap(row["resource_attributes"]),
  };
}

function logOf(row: Row): TailLog {
  return {
    tie: text(row, "tie"),
    trace_id: text(row, "trace_id"),
    span_id: text(row, "span_id"),
    service_name: text(row, "service_name"),
    level: text(row, "level"),
    severity_number: number(row, "severity_number"),
    event_name: text(row, "event_name"),
    body: text(row, "body"),
    timestamp_ns: text(row, "at_ns"),
    attributes: textMap(row["attributes"]),
    resource: textMap(row["resource_attributes"]),
  };
}

/** top answers GET top: operations by the time spent in them. */
export async function top(context: ApiContext, request: ApiRequest): Promise<TopAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const buckets = bucketsOf(range, topBuckets);
  const ask = {
    range,
    buckets,
    filter: filterOf(request.search),
    parameters: { limit: limitOf(request.search, 200, 5000) },
  };
  const [operations, processes] = await Promise.all([
    rows(context, request, { statement: "top-operations", ...ask }),
    rows(context, request, { statement: "top-processes", ...ask }),
  ]);
  return {
    range,
    buckets,
    operations: operations.map((row) => topRow(row, range, buckets)),
    processes: processes.map((row) => ({
      service_name: text(row, "service_name"),
      pid: number(row, "pid"),
      host: text(row, "host"),
      requests: number(row, "requests"),
      busy_ns: number(row, "busy_ns"),
    })),
  };
}

function topRow(row: Row, range: Range, buckets: Buckets): TopRow {
  const spark = series(buckets, 0);
  for (const [bucket, count] of Object.entries(textMap(row["pieces"]))) {
    const at = Number(bucket);
    if (at < spark.length) spark[at] = Number(count) / coveredSeconds(buckets, range, at);
  }
  return {
    service_name: text(row, "service_name"),
    operation: text(row, "operation"),
    kind: text(row, "kind"),
    ...redOf(row, range),
    busy_ns: number(row, "busy_ns"),
    spark,
  };
}
