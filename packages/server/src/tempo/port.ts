import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engine } from "../api/context.js";
import { type Counters, count } from "../counters.js";
import { ServerError } from "../errors.js";
import { durationNs } from "../filter/values.js";
import { rowsOf, text } from "../query/rows.js";
import { statement } from "../query/statements.js";
import type { Field, FieldExpr } from "../traceql/ast.js";
import { Binder, conditionOf, valueSql } from "../traceql/conditions.js";
import { TraceqlError } from "../traceql/errors.js";
import { fieldsOf } from "../traceql/evaluate.js";
import { INTRINSICS, SCOPED } from "../traceql/fields.js";
import { type MetricsRange, runMetrics } from "../traceql/metrics.js";
import { parseTraceql } from "../traceql/parse.js";
import { searchTraces } from "../traceql/search.js";
import { errorOf, sendJson, sendText } from "../web/respond.js";
import { isCut, SPANS_MAX, wholeSpans } from "../whole/spans.js";
import { instantSeries, rangeSeries, traceResult } from "./answers.js";
import { answerProtobuf, traceJson, traceProtobuf } from "./otlp.js";

/** TempoPort answers Tempo's HTTP API with TraceQL: `/tempo` is a data source's address. */
export interface TempoPort {
  /** answer serves a request below /tempo; `path` is what follows. It tells errors itself, as Tempo does. */
  answer(
    path: string,
    search: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void>;
}

interface Question {
  readonly engine: Engine;
  readonly search: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

const HOUR_MS = 3_600_000;
const MOST_KEYS = 5000;
const MOST_STEPS = 11_000;

/** createTempoPort makes the API. */
export function createTempoPort(engine: Engine, counters: Counters, version: string): TempoPort {
  return {
    async answer(path, search, request, response) {
      const cancel = new AbortController();
      response.on("close", () => cancel.abort());
      let outcome = "ok";
      try {
        const question = { engine, search, request, response, nowMs: Date.now(), signal: cancel.signal };
        await route(path.replace(/\/$/, ""), question, version);
      } catch (thrown) {
        outcome = tell(response, thrown, cancel.signal);
      } finally {
        count(counters, "queries", outcome).value++;
      }
    },
  };
}

function tell(response: ServerResponse, thrown: unknown, signal: AbortSignal): string {
  if (response.headersSent || signal.aborted) {
    response.destroy();
    return "query-cancelled";
  }
  if (thrown instanceof TraceqlError) {
    sendText(response, 400, "text/plain; charset=utf-8", `invalid TraceQL query: ${thrown.message}\n`);
    return "bad-sql";
  }
  const error = errorOf(thrown);
  const hint = error.hint === undefined || error.hint === "" ? "" : ` (${error.hint})`;
  sendText(response, error.status, "text/plain; charset=utf-8", `${error.message}${hint}\n`);
  return error.code;
}

async function route(path: string, question: Question, version: string): Promise<void> {
  const { response } = question;
  const json = async (value: unknown): Promise<void> => sendJson(response, 200, await value);
  const trace = /^\/api\/(v2\/)?traces\/([0-9a-fA-F]{1,32})(?:\/json)?$/.exec(path);
  if (trace !== null)
    return oneTrace(question, (trace[2] ?? "").toLowerCase().padStart(32, "0"), trace[1] !== undefined);
  const values = /^\/api\/(v2\/)?search\/tag\/(.+)\/values$/.exec(path);
  if (values !== null)
    return json(tagValues(question, decodeURIComponent(values[2] ?? ""), values[1] !== undefined));
  switch (path) {
    case "/api/echo":
      return sendText(response, 200, "text/plain; charset=utf-8", "echo");
    case "/ready":
      return sendText(response, 200, "text/plain; charset=utf-8", "ready\n");
    case "/api/status/buildinfo":
      // Grafana asks for the version to know what it may ask: this is Tempo's, whose API is answered here.
      return json({
        version: "2.8.0",
        revision: `go3s-${version}`,
        branch: "",
        buildDate: "",
        buildUser: "",
        goVersion: "",
      });
    case "/api/search":
      return json(search(question));
    case "/api/search/tags":
      return json(tags(question, false));
    case "/api/v2/search/tags":
      return json(tags(question, true));
    case "/api/metrics/query_range":
      return json(metrics(question, true));
    case "/api/metrics/query":
      return json(metrics(question, false));
    default:
      throw new ServerError("not-found", `Tempo's API has no ${path.slice(0, 200)} here`, {
        hint: "there are /api/traces/ID, /api/v2/traces/ID, /api/search, /api/search/tags, /api/search/tag/NAME/values and /api/metrics/query_range",
      });
  }
}

async function oneTrace(
  { engine, request, response, signal }: Question,
  id: string,
  isV2: boolean,
): Promise<void> {
  const spans = await wholeSpans(engine, [id], signal);
  if (spans.length === 0) throw new ServerError("not-found", `trace ${id} is not here`);
  if (/application\/(?:x-)?protobuf|application\/vnd\.google\.protobuf/.test(request.headers.accept ?? "")) {
    const bytes = isV2 ? answerProtobuf(spans) : traceProtobuf(spans);
    response.writeHead(200, {
      "Content-Type": "application/protobuf",
      "Content-Length": bytes.length,
      "Cache-Control": "no-store",
    });
    response.end(bytes);
    return;
  }
  const batches = traceJson(spans);
  const partial = isCut(spans)
    ? { status: "PARTIAL", message: `only the first ${SPANS_MAX} spans are here` }
    : {};
  sendJson(
    response,
    200,
    isV2 ? { trace: { resourceSpans: batches }, metrics: {}, ...partial } : { batches },
  );
}

/** timeOf reads Unix seconds, nanoseconds or RFC 3339 as milliseconds. Throws "bad-parameter". */
function timeOf(search: URLSearchParams, name: string, missing: number): number {
  const value = search.get(name) ?? "";
  if (value === "") return missing;
  const number = Number(value);
  const found = Number.isNaN(number) ? Date.parse(value) : number > 1e14 ? number / 1e6 : number * 1000;
  if (!Number.isFinite(found))
    throw new ServerError("bad-parameter", `${name}=${value} is no time`, { hint: "Unix seconds" });
  return Math.floor(found);
}

function spanOf({ search, nowMs }: Question): { from_ms: number; to_ms: number } {
  const to_ms = timeOf(search, "end", nowMs);
  return { from_ms: timeOf(search, "start", to_ms - HOUR_MS), to_ms: Math.max(to_ms, 1) };
}

function limitOf(search: URLSearchParams, name: string, usual: number, most: number): number {
  const value = search.get(name) ?? "";
  if (value === "") return usual;
  if (!/^\d+$/.test(value))
    throw new ServerError("bad-parameter", `${name}=${value} is no count`, { hint: `such as ${usual}` });
  return Math.min(most, Number(value));
}

async function search(question: Question): Promise<unknown> {
  const { search: parameters, engine, signal } = question;
  const text = parameters.get("q") ?? "";
  const { root } = parseTraceql(text === "" ? fromTags(parameters) : text);
  if (root.kind !== "pipeline") {
    throw new TraceqlError("invalid", "this gives series; ask /api/metrics/query_range for them");
  }
  const limit = limitOf(parameters, "limit", 20, 1000);
  const most = limitOf(parameters, "spss", 3, 10_000);
  const { found, inspected, complete } = await searchTraces(
    engine,
    { pipeline: root, ...spanOf(question), limit },
    signal,
  );
  const fields = fieldsOf(root);
  return {
    traces: found.map((each) => traceResult(each, fields, most === 0 ? Number.POSITIVE_INFINITY : most)),
    metrics: { inspectedTraces: inspected, ...(complete ? {} : { incomplete: true }) },
  };
}

/** fromTags writes the older parameters (`tags` in logfmt, minDuration, maxDuration) as TraceQL. */
function fromTags(search: URLSearchParams): string {
  const conditions: string[] = [];
  for (const match of (search.get("tags") ?? "").matchAll(/([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)) {
    const [, key = "", quoted, bare = ""] = match;
    const value = JSON.stringify((quoted ?? bare).replace(/\\(.)/g, "$1"));
    if (key === "name") conditions.push(`name = ${value}`);
    else if (key === "status.code" || key === "status")
      conditions.push(`status = ${(quoted ?? bare).replace(/\W/g, "")}`);
    else conditions.push(`."${key.replace(/["\\]/g, "\\$&")}" = ${value}`);
  }
  for (const [name, sign] of [
    ["minDuration", ">="],
    ["maxDuration", "<="],
  ] as const) {
    const value = search.get(name) ?? "";
    if (value === "") continue;
    if (durationNs(value) === undefined)
      throw new ServerError("bad-parameter", `${name}=${value} is no duration`, { hint: "such as 100ms" });
    conditions.push(`traceDuration ${sign} ${value}`);
  }
  return `{ ${conditions.join(" && ")} }`;
}

async function tags(question: Question, isV2: boolean): Promise<unknown> {
  const { engine, search: parameters, signal } = question;
  const { from_ms, to_ms } = spanOf(question);
  const rows = rowsOf(
    await engine(
      statement("tempo-keys"),
      "JSONCompact",
      { from_ns: `${from_ms}000000`, to_ns: `${to_ms}000000`, limit: MOST_KEYS },
      signal,
    ),
  );
  const wanted = parameters.get("scope") ?? "";
  const of = (scope: string): string[] =>
    rows.filter((row) => text(row, "scope") === scope).map((row) => text(row, "key"));
  const intrinsic = [...INTRINSICS.keys(), ...SCOPED.keys()].filter(
    (name) => name !== "parent" && !name.startsWith("nestedSet"),
  );
  const scopes = [
    { name: "resource", tags: of("resource") },
    { name: "span", tags: of("span") },
    { name: "intrinsic", tags: intrinsic },
  ].filter(({ name }) => wanted === "" || wanted === "none" || wanted === name);
  if (isV2) return { scopes, metrics: {} };
  return {
    tagNames: [
      ...new Set(scopes.filter(({ name }) => name !== "intrinsic").flatMap((each) => each.tags)),
    ].sort(),
    metrics: {},
  };
}

async function tagValues(question: Question, name: string, isV2: boolean): Promise<unknown> {
  const { search: parameters } = question;
  const field = fieldNamed(isV2 ? name : `.${name}`, name);
  const binder = new Binder();
  const value = valueSql(field, "text", binder);
  const type =
    field.kind === "intrinsic" && (field.name === "status" || field.name === "kind") ? "keyword" : "string";
  const words =
    value === undefined
      ? []
      : await valuesOf(question, value, filterNamed(parameters.get("q") ?? ""), binder);
  return isV2
    ? { tagValues: words.map((each) => ({ type, value: each })), metrics: {} }
    : { tagValues: words, metrics: {} };
}

function fieldNamed(text: string, plain: string): Field {
  const known = INTRINSICS.get(plain) ?? SCOPED.get(plain);
  if (known !== undefined) return { kind: "intrinsic", name: known, text: plain };
  const { root } = parseTraceql(`{ ${text} != nil }`);
  const stage = root.kind === "pipeline" ? root.stages[0] : undefined;
  const expr = stage?.kind === "filter" && stage.expr.kind === "exists" ? stage.expr.expr : undefined;
  if (expr?.kind === "attribute" || expr?.kind === "intrinsic") return expr;
  throw new TraceqlError("invalid", `${plain} names no attribute`);
}

/** filterNamed takes the filter out of what an editor has so far; half an expression filters nothing. */
function filterNamed(text: string): FieldExpr | undefined {
  if (text.trim() === "") return undefined;
  try {
    const { root } = parseTraceql(text);
    const stage = root.kind === "pipeline" && root.stages.length === 1 ? root.stages[0] : undefined;
    return stage?.kind === "filter" ? stage.expr : undefined;
  } catch (error) {
    if (error instanceof TraceqlError) return undefined;
    throw error;
  }
}

async function valuesOf(
  question: Question,
  value: string,
  filter: FieldExpr | undefined,
  binder: Binder,
): Promise<string[]> {
  const { engine, signal, search: parameters } = question;
  const { from_ms, to_ms } = spanOf(question);
  const condition = filter === undefined ? "1" : conditionOf(filter, binder).sql;
  const sql = statement("tempo-values")
    .replaceAll("$value$", () => value)
    .replaceAll("$filter$", () => condition);
  const limit = limitOf(parameters, "limit", 1000, MOST_KEYS);
  const bounds = {
    from_ns: `${from_ms}000000`,
    to_ns: `${to_ms}000000`,
    limit: limit === 0 ? MOST_KEYS : limit,
  };
  return rowsOf(await engine(sql, "JSONCompact", { ...binder.parameters, ...bounds }, signal)).map((row) =>
    text(row, "value"),
  );
}

async function metrics(question: Question, isRange: boolean): Promise<unknown> {
  const { engine, search: parameters, signal } = question;
  const { root } = parseTraceql(parameters.get("q") ?? parameters.get("query") ?? "");
  if (root.kind === "pipeline")
    throw new TraceqlError("invalid", "this finds traces; add a function such as | rate() for series");
  const { from_ms, to_ms } = spanOf(question);
  if (to_ms <= from_ms) throw new ServerError("bad-parameter", "end must lie behind start");
  const range = isRange
    ? rangeOf(parameters, from_ms, to_ms)
    : { start: from_ms, step: to_ms - from_ms, count: 1 };
  const series = await runMetrics(engine, root, range, signal);
  return {
    series: series.map((each) => (isRange ? rangeSeries(each, range) : instantSeries(each))),
    metrics: {},
  };
}

/** rangeOf lays steps out on multiples of the step, so that the same minute is the same minute in each question. */
function rangeOf(search: URLSearchParams, from_ms: number, to_ms: number): MetricsRange {
  const value = search.get("step") ?? "";
  const seconds = Number(value);
  const given =
    value === ""
      ? undefined
      : Number.isNaN(seconds)
        ? (durationNs(value) ?? Number.NaN) / 1e6
        : seconds * 1000;
  if (given !== undefined && !(given >= 1))
    throw new ServerError("bad-parameter", `step=${value} is no duration`, { hint: "such as 30s" });
  const step = Math.floor(given ?? Math.max(1000, (to_ms - from_ms) / 60));
  const start = Math.floor(from_ms / step) * step;
  const count = Math.ceil((to_ms - start) / step);
  if (count > MOST_STEPS)
    throw new ServerError("bad-parameter", `${count} steps are too many`, {
      hint: `at most ${MOST_STEPS}: take a larger step`,
    });
  return { start, step, count };
}
