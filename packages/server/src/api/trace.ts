import { ExportTraceServiceRequest, encodeJson } from "@go3s/telemetry";
import { ServerError } from "../errors.js";
import { listOf, number, type Row, text, textMap, wordOf } from "../query/rows.js";
import { otlpOf } from "../tempo/otlp.js";
import { wholeSpanOf } from "../whole/spans.js";
import { batchLinks } from "./batch-links.js";
import { type ApiContext, type ApiRequest, columns, rows } from "./context.js";
import { logRow } from "./logs.js";
import { kinds, levels, statuses } from "./names.js";
import { filterOf, hexOf } from "./parameters.js";
import type { RawAnswer } from "./raw.js";
import { dictionary, inOrder, numbersOf, offsetsFrom, texts } from "./trace-columns.js";
import { treeOf } from "./tree.js";
import type { SpanAnswer, TraceAnswer, TraceLogs, TraceMatchesAnswer, TraceWaits } from "./types.js";

const spanLimit = 200_000;
const logLimit = 10_000;

/** trace answers GET traces/ID. */
export async function trace(context: ApiContext, request: ApiRequest): Promise<TraceAnswer> {
  const trace_id = hexOf("trace id", request.names[0] ?? "", 32);
  const ask = (statement: string, limit: number) =>
    columns(context, request, { statement, parameters: { trace_id, limit } });
  const [found, logs, waits] = await Promise.all([
    ask("trace-spans", spanLimit),
    ask("trace-logs", logLimit),
    ask("trace-waits", spanLimit),
  ]);
  const ids = texts(found[0]);
  if (ids.length === 0)
    throw new ServerError("not-found", `no span of trace ${trace_id} is here`, {
      hint: "it may not have arrived yet, may have expired, or its id may be cut short",
    });
  const parameters = { trace_id };
  const cut = ids.length >= spanLimit;
  const [counted] = cut ? await rows(context, request, { statement: "trace-count", parameters }) : [];
  return traceAnswer(trace_id, counted ? number(counted, "spans") : ids.length, found, logs, waits);
}

function traceAnswer(
  trace_id: string,
  total: number,
  found: readonly (readonly unknown[])[],
  logs: readonly (readonly unknown[])[],
  waits: readonly (readonly unknown[])[],
): TraceAnswer {
  const ids = texts(found[0]);
  const start = texts(found[2]);
  const origin = BigInt(start[0] ?? "0");
  const offsets = offsetsFrom(start);
  const durations = numbersOf(found[3]);
  const services = dictionary(found[4]);
  const operations = dictionary(found[5]);
  const tree = treeOf(ids, texts(found[1]));
  const pick = <T>(values: readonly T[]) => inOrder(tree, values);
  const span_id = pick(ids);
  // Of 100,000 ids this is a tenth of the answer's time: only where something is looked up.
  const lookedUp = (logs[1]?.length ?? 0) + (waits[0]?.length ?? 0) > 0;
  const rowOf = new Map(lookedUp ? span_id.map((id, row) => [id, row]) : []);
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
      kind: pick(numbersOf(found[6])),
      status: pick(numbersOf(found[7])),
    },
    logs: traceLogs(logs, origin, rowOf),
    waits: traceWaits(waits, rowOf),
  };
}

function traceLogs(
  logs: readonly (readonly unknown[])[],
  origin: bigint,
  rowOf: ReadonlyMap<string, number>,
): TraceLogs {
  return {
    offset_ns: texts(logs[0]).map((nanos) => Number(BigInt(nanos) - origin)),
    span: texts(logs[1]).map((id) => rowOf.get(id) ?? -1),
    source: texts(logs[2]).map((source) => (source === "log" ? "log" : "event")),
    level: texts(logs[3]).map((level) => levels.find((known) => known === level) ?? ""),
    text: texts(logs[4]),
  };
}

function traceWaits(waits: readonly (readonly unknown[])[], rowOf: ReadonlyMap<string, number>): TraceWaits {
  return {
    span: texts(waits[0]).map((id) => rowOf.get(id) ?? -1),
    running: numbersOf(waits[1]),
    runnable: numbersOf(waits[2]),
    syscall: numbersOf(waits[3]),
    lock: numbersOf(waits[4]),
    channel: numbersOf(waits[5]),
    network: numbersOf(waits[6]),
    gc: numbersOf(waits[7]),
    sleep: numbersOf(waits[8]),
    other: numbersOf(waits[9]),
  };
}

/** matches answers GET traces/ID/matches: which spans of the trace pass a filter. */
export async function matches(context: ApiContext, request: ApiRequest): Promise<TraceMatchesAnswer> {
  const trace_id = hexOf("trace id", request.names[0] ?? "", 32);
  const filter = filterOf(request.search);
  const parameters = { trace_id, limit: spanLimit };
  return {
    span_id: texts((await columns(context, request, { statement: "trace-matches", filter, parameters }))[0]),
  };
}

/** spanOtlp answers GET traces/ID/spans/SPAN_ID/otlp: the span as the OTLP/JSON request that would send it again. */
export async function spanOtlp(context: ApiContext, request: ApiRequest): Promise<RawAnswer> {
  const trace_id = hexOf("trace id", request.names[0] ?? "", 32);
  const span_id = hexOf("span id", request.names[1] ?? "", 16);
  const [row] = await rows(context, request, { statement: "whole-span", parameters: { trace_id, span_id } });
  if (!row) throw noSpan(trace_id, span_id);
  const json = encodeJson(ExportTraceServiceRequest, { resourceSpans: otlpOf([wholeSpanOf(row)]) });
  return { type: "application/json; charset=utf-8", raw: Buffer.from(json) };
}

function noSpan(trace_id: string, span_id: string): ServerError {
  return new ServerError("not-found", `span ${span_id} of trace ${trace_id} is not here`, {
    hint: "it may not have arrived yet or may have expired",
  });
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
  if (!row) throw noSpan(trace_id, span_id);
  const answer = spanAnswer(row, logs);
  return { ...answer, links: [...answer.links, ...(await batchLinks(context, request, answer))] };
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
