import { ServerError } from "../errors.js";
import { listOf, number, type Row, text, textMap, toNumber, wordOf } from "../query/rows.js";
import { type ApiContext, type ApiRequest, columns, rows } from "./context.js";
import { logRow } from "./logs.js";
import { kinds, levels, statuses } from "./names.js";
import { hexOf } from "./parameters.js";
import { type Tree, treeOf } from "./tree.js";
import type { SpanAnswer, TraceAnswer, TraceLogs } from "./types.js";

const spanLimit = 200_000;
const logLimit = 10_000;

/** trace answers GET traces/ID. */
export async function trace(context: ApiContext, request: ApiRequest): Promise<TraceAnswer> {
  const trace_id = hexOf("trace id", request.names[0] ?? "", 32);
  // One more than is shown tells that there are more.
  const spansAsk = { statement: "trace-spans", parameters: { trace_id, limit: spanLimit } };
  const logsAsk = { statement: "trace-logs", parameters: { trace_id, limit: logLimit } };
  const [found, logs, counted] = await Promise.all([
    columns(context, request, spansAsk),
    columns(context, request, logsAsk),
    rows(context, request, { statement: "trace-count", parameters: { trace_id } }),
  ]);
  const ids = texts(found[0]);
  if (ids.length === 0)
    throw new ServerError("not-found", `no span of trace ${trace_id} is here`, {
      hint: "it may not have arrived yet, may have expired, or its id may be cut short",
    });
  const total = counted[0] ? number(counted[0], "spans") : ids.length;
  return traceAnswer(trace_id, total, found, logs);
}

function texts(column: readonly unknown[] | undefined): string[] {
  return (column ?? []).map(String);
}

function traceAnswer(
  trace_id: string,
  total: number,
  found: readonly (readonly unknown[])[],
  logs: readonly (readonly unknown[])[],
): TraceAnswer {
  const ids = texts(found[0]);
  const start = texts(found[2]);
  const origin = BigInt(start[0] ?? "0");
  const offsets = start.map((nanos) => Number(BigInt(nanos) - origin));
  const durations = (found[3] ?? []).map(toNumber);
  const services = dictionary(found[4]);
  const operations = dictionary(found[5]);
  const tree = treeOf(ids, texts(found[1]));
  const pick = <T>(values: readonly T[]) => inOrder(tree, values);
  const span_id = pick(ids);
  return {
    trace_id,
    start_ns: origin.toString(),
    duration_ns: offsets.reduce((most, offset, i) => Math.max(most, offset + (durations[i] ?? 0)), 0),
    total,
    services: services.words,
    operations: operations.words,
    kinds,
    statuses,
    spans: {
      span_id,
      parent: [...tree.parent],
      depth: [...tree.depth],
      start_offset_ns: pick(offsets),
      duration_ns: pick(durations),
      service: pick(services.indexes),
      operation: pick(operations.indexes),
      kind: pick((found[6] ?? []).map(toNumber)),
      status: pick((found[7] ?? []).map(toNumber)),
    },
    logs: traceLogs(logs, origin, span_id),
  };
}

function inOrder<T>(tree: Tree, values: readonly T[]): T[] {
  const picked: T[] = [];
  for (const row of tree.order) {
    const value = values[row];
    if (value !== undefined) picked.push(value);
  }
  return picked;
}

function dictionary(column: readonly unknown[] | undefined): {
  readonly words: readonly string[];
  readonly indexes: readonly number[];
} {
  const known = new Map<string, number>();
  const indexes = texts(column).map((word) => {
    const found = known.get(word) ?? known.size;
    known.set(word, found);
    return found;
  });
  return { words: [...known.keys()], indexes };
}

function traceLogs(
  logs: readonly (readonly unknown[])[],
  origin: bigint,
  spanIds: readonly string[],
): TraceLogs {
  const rowOf = new Map(spanIds.map((id, row) => [id, row]));
  return {
    offset_ns: texts(logs[0]).map((nanos) => Number(BigInt(nanos) - origin)),
    span: texts(logs[1]).map((id) => rowOf.get(id) ?? -1),
    source: texts(logs[2]).map((source) => (source === "log" ? "log" : "event")),
    level: texts(logs[3]).map((level) => levels.find((known) => known === level) ?? ""),
    text: texts(logs[4]),
  };
}

/** span answers GET traces/ID/spans/SPAN_ID. */
export async function span(context: ApiContext, request: ApiRequest): Promise<SpanAnswer> {
  const trace_id = hexOf("trace id", request.names[0] ?? "", 32);
  const span_id = hexOf("span id", request.names[1] ?? "", 16);
  const parameters = { trace_id, span_id };
  const [found, logs] = await Promise.all([
    rows(context, request, { statement: "span", parameters }),
    rows(context, request, { statement: "span-logs", parameters }),
  ]);
  const row = found[0];
  if (!row)
    throw new ServerError("not-found", `span ${span_id} of trace ${trace_id} is not here`, {
      hint: "it may not have arrived yet or may have expired",
    });
  return spanAnswer(row, logs);
}

function spanAnswer(row: Row, logs: readonly Row[]): SpanAnswer {
  return {
    trace_id: text(row, "trace_id"),
    span_id: text(row, "span_id"),
    parent_span_id: text(row, "parent_span_id"),
    trace_state: text(row, "trace_state"),
    service_name: text(row, "service_name"),
    operation: text(row, "operation"),
    kind: wordOf(row, "kind", kinds),
    status_code: wordOf(row, "status_code", statuses),
    status_message: text(row, "status_message"),
    timestamp_ns: text(row, "start_ns"),
    duration_ns: number(row, "duration_ns"),
    scope_name: text(row, "scope_name"),
    scope_version: text(row, "scope_version"),
    attributes: textMap(row["attributes"]),
    resource_attributes: textMap(row["resource_attributes"]),
    events: listOf(row["span_events"]).map((event) => {
      const [nanos, name, attributes] = listOf(event);
      return { timestamp_ns: String(nanos), name: String(name), attributes: textMap(attributes) };
    }),
    links: listOf(row["span_links"]).map((link) => {
      const [trace, id, attributes] = listOf(link);
      return { trace_id: String(trace), span_id: String(id), attributes: textMap(attributes) };
    }),
    logs: logs.map(logRow),
  };
}
