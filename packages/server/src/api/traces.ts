import { number, type Row, text } from "../query/rows.js";
import { bucketsOf, histogramOf } from "./buckets.js";
import { type ApiContext, type ApiRequest, lastSeen, nanosToMs, rows } from "./context.js";
import { filterOf, limitOf, oneOf, rangeOf } from "./parameters.js";
import type { Range, TraceRow, TracesAnswer } from "./types.js";

// How far a trace's other spans may lie from the one that was found.
const reachMs = 3_600_000;

/** traces answers GET traces: search. */
export async function traces(context: ApiContext, request: ApiRequest): Promise<TracesAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const filter = filterOf(request.search);
  const limit = limitOf(request.search, 100, 1000);
  const byDuration = oneOf(request.search, "sort", ["time", "duration"]) === "duration" ? 1 : 0;
  const buckets = bucketsOf(range, 120);
  const [found, counted] = await Promise.all([
    rows(context, request, {
      statement: "traces-found",
      range,
      filter,
      parameters: { limit: limit + 1, by_duration: byDuration },
    }),
    rows(context, request, { statement: "traces-histogram", range, filter, buckets }),
  ]);
  const shown = found.slice(0, limit);
  const summaries = await summariesOf(context, request, shown);
  return {
    range,
    traces: shown.flatMap((row) => traceRow(row, summaries.get(text(row, "trace_id")))),
    more: found.length > limit,
    histogram: histogramOf(
      buckets,
      counted.map((row) => ({
        bucket: number(row, "bucket"),
        items: number(row, "items"),
        errors: number(row, "errors"),
      })),
    ),
    last_seen_ms: shown.length > 0 ? range.to_ms : await lastSeen(context, request, "traces", range),
  };
}

async function summariesOf(
  context: ApiContext,
  request: ApiRequest,
  found: readonly Row[],
): Promise<Map<string, Row>> {
  if (found.length === 0) return new Map();
  const range: Range = {
    from_ms: Math.max(0, Math.min(...found.map((row) => nanosToMs(text(row, "first_ns")))) - reachMs),
    to_ms: Math.max(...found.map((row) => nanosToMs(text(row, "last_ns")))) + reachMs,
  };
  // An array is bound by its text form; ids that senders chose may be any hexadecimal text and nothing else (the decoder wrote it).
  const ids = `[${found.map((row) => `'${text(row, "trace_id").replaceAll(/[^0-9a-f]/g, "")}'`).join(",")}]`;
  const list = await rows(context, request, { statement: "traces-summary", range, parameters: { ids } });
  return new Map(list.map((row) => [text(row, "trace_id"), row]));
}

function traceRow(found: Row, summary: Row | undefined): TraceRow[] {
  if (!summary) return [];
  const list: unknown = summary["services"];
  return [
    {
      trace_id: text(found, "trace_id"),
      root_service: text(summary, "root_service"),
      root_operation: text(summary, "root_operation"),
      root_missing: number(summary, "root_missing") === 1,
      start_ns: text(summary, "start_ns"),
      duration_ns: number(summary, "length_ns"),
      spans: number(summary, "spans"),
      errors: number(summary, "errors"),
      services: Array.isArray(list) ? list.map(String) : [],
      matched: number(found, "matched"),
      matched_span_id: text(found, "matched_span_id"),
    },
  ];
}
