import { ServerError } from "../errors.js";
import { number, type Row, text, textMap, wordOf } from "../query/rows.js";
import { bucketsOf, histogramOf } from "./buckets.js";
import { type ApiContext, type ApiRequest, lastSeen, rows } from "./context.js";
import { levels } from "./names.js";
import { filterOf, limitOf, rangeOf } from "./parameters.js";
import type { LogRow, LogsAnswer } from "./types.js";

// Beyond any record: Int64's and UInt64's largest, which no sender's clock reaches.
const end = { ns: "9223372036854775807", tie: "18446744073709551615" };
const begin = { ns: "0", tie: "0" };

/** logs answers GET logs: search, with `spans=1` spans among the lines, paging back with `before`, following with `after`. */
export async function logs(context: ApiContext, request: ApiRequest): Promise<LogsAnswer> {
  const { search } = request;
  const range = rangeOf(search, request.nowMs);
  const filter = filterOf(search);
  const limit = limitOf(search, 200, 5000);
  const after = cursorOf(search.get("after"));
  const cursor = after ?? cursorOf(search.get("before")) ?? end;
  const buckets = bucketsOf(range, 120);
  const ask = { range, filter, on: "logs" } as const;
  const parameters = { limit: limit + 1, cursor_ns: cursor.ns, cursor_tie: cursor.tie };
  const withSpans = search.get("spans") === "1" && after === undefined;
  const [lines, spans, counted] = await Promise.all([
    rows(context, request, { ...ask, statement: after ? "logs-following" : "logs-newest", parameters }),
    withSpans ? rows(context, request, { range, filter, statement: "logs-spans", parameters }) : [],
    rows(context, request, { ...ask, statement: "logs-histogram", buckets }),
  ]);
  const found = spans.length === 0 ? lines : [...lines, ...spans].sort(byCursor);
  return {
    range,
    rows: found.slice(0, limit).map(logRow),
    more: found.length > limit,
    histogram: histogramOf(
      buckets,
      counted.map((row) => ({
        bucket: number(row, "bucket"),
        items: number(row, "items"),
        errors: number(row, "errors"),
      })),
    ),
    last_seen_ms: found.length > 0 ? range.to_ms : await lastSeen(context, request, "logs", range),
  };
}

/** byCursor orders rows of both kinds as each of them comes: newest first. */
function byCursor(a: Row, b: Row): number {
  for (const name of ["at_ns", "tie"]) {
    const [x, y] = [BigInt(text(a, name)), BigInt(text(b, name))];
    if (x !== y) return x > y ? -1 : 1;
  }
  return 0;
}

function cursorOf(cursor: string | null): typeof begin | undefined {
  if (cursor === null || cursor === "") return undefined;
  const found = /^(\d{1,19})-(\d{1,20})$/.exec(cursor);
  if (!found)
    throw new ServerError("bad-parameter", "this is no cursor", { hint: "use a row's cursor as it is" });
  return { ns: found[1] ?? "0", tie: found[2] ?? "0" };
}

/** logRow reads one log record of a result. */
export function logRow(row: Row): LogRow {
  const nanos = text(row, "at_ns");
  return {
    cursor: `${nanos}-${text(row, "tie")}`,
    timestamp_ns: nanos,
    service_name: text(row, "service_name"),
    level: wordOf(row, "level", levels),
    severity_text: text(row, "severity_text"),
    event_name: text(row, "event_name"),
    body: text(row, "body"),
    trace_id: text(row, "trace_id"),
    span_id: text(row, "span_id"),
    attributes: textMap(row["attributes"]),
    ...(row["duration_ns"] === undefined ? {} : { duration_ns: number(row, "duration_ns") }),
  };
}
