import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engine } from "../api/context.js";
import type { Counters } from "../counters.js";
import { count } from "../counters.js";
import { ServerError } from "../errors.js";
import type { VectorSelector } from "../promql/ast.js";
import { PromqlError } from "../promql/errors.js";
import { parsePromql, parseSelector } from "../promql/parse.js";
import { type PromqlQuery, runPromql, type SeriesSource } from "../promql/query.js";
import { type BodyReader, contentEncoding, decompress, readBody } from "../receive/body.js";
import { createBufferPool } from "../receive/pool.js";
import { errorOf, sendJson } from "../web/respond.js";
import { answerOf, metricOf } from "./answers.js";
import { metadataOf, metricNames, type Span, seriesLabelsOf } from "./catalogue.js";
import { exemplarsOf } from "./exemplars.js";
import { durationParameter, limitParameter, timeParameter } from "./parameters.js";
import { createSource } from "./source.js";

// Forms of dashboards with long expressions; Prometheus itself takes 10 MB.
const formBytes = 1 << 20;
const mostAtOnce = 8;
/** A question about series or labels that names no range is about this long; Prometheus looks at all it has. */
const catalogueMs = 24 * 3_600_000;
/** A range's begin is left out by selectors and taken in by these questions. */
const beginMs = 1000;

/** PrometheusPort answers Prometheus' HTTP API over the metrics table: `/prometheus` is a data source's address. */
export interface PrometheusPort {
  /** answer serves a request below /prometheus; `path` is what follows. It tells errors itself, as Prometheus does. */
  answer(
    path: string,
    search: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void>;
}

/** Question is one request: its parameters, of the address and of a form. */
interface Question {
  readonly engine: Engine;
  readonly source: SeriesSource;
  readonly search: URLSearchParams;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** createPrometheusPort makes the API; `version` is told as Prometheus' own would be. */
export function createPrometheusPort(engine: Engine, counters: Counters, version: string): PrometheusPort {
  const limits = { bodyBytes: formBytes, inflightBytes: formBytes * mostAtOnce };
  const reader: BodyReader = { limits, pool: createBufferPool(), inflight: 0 };
  const source = createSource(engine);
  return {
    async answer(path, search, request, response) {
      const cancel = new AbortController();
      response.on("close", () => cancel.abort());
      let outcome = "ok";
      try {
        const handler = handlerOf(path, version);
        const form = request.method === "POST" ? await formOf(request, reader) : "";
        const all = new URLSearchParams([...search, ...new URLSearchParams(form)]);
        const body = await handler({ engine, source, search: all, now: Date.now(), signal: cancel.signal });
        sendJson(response, 200, body);
      } catch (thrown) {
        outcome = tell(response, thrown, cancel.signal);
      } finally {
        count(counters, "queries", outcome).value++;
      }
    },
  };
}

async function formOf(request: IncomingMessage, reader: BodyReader): Promise<string> {
  const encoding = contentEncoding(request);
  const body = await decompress(await readBody(request, reader), encoding, reader.limits);
  const text = body.bytes.toString("utf8");
  body.release();
  return text;
}

/** tell answers with an error as Prometheus does, and gives its code for the counter. */
function tell(response: ServerResponse, thrown: unknown, signal: AbortSignal): string {
  if (response.headersSent || response.destroyed || signal.aborted) {
    response.destroy();
    return "query-cancelled";
  }
  if (thrown instanceof PromqlError) {
    const status = thrown.kind === "bad_data" ? 400 : 422;
    sendJson(response, status, { status: "error", errorType: thrown.kind, error: thrown.message });
    return thrown.kind === "bad_data" ? "bad-sql" : "query-failed";
  }
  const error = errorOf(thrown);
  const errorType = error.code === "not-found" ? "not_found" : error.status < 500 ? "execution" : "internal";
  const status = error.status >= 500 || error.code === "not-found" ? error.status : 422;
  const hint = error.hint === undefined || error.hint === "" ? "" : `; ${error.hint}`;
  sendJson(response, status, { status: "error", errorType, error: `${error.message}${hint}` });
  return error.code;
}

type Handler = (question: Question) => Promise<unknown> | unknown;

const success = (data: unknown): unknown => ({ status: "success", data });

function handlerOf(path: string, version: string): Handler {
  const part = path.replace(/\/$/, "");
  const label = /^\/api\/v1\/label\/([^/]+)\/values$/.exec(part)?.[1];
  if (label !== undefined) return (question) => labelValues(question, decodeLabel(label));
  const found = HANDLERS.get(part);
  if (found !== undefined) return found;
  if (part === "/api/v1/status/buildinfo") return () => success({ version, application: "Go3s" });
  if (part === "/-/healthy" || part === "/-/ready") return () => success("Go3s is ready");
  throw new ServerError("not-found", `Prometheus' API has no ${path.slice(0, 200)} here`, {
    hint: `there are ${[...HANDLERS.keys()].join(", ")} and /api/v1/label/NAME/values`,
  });
}

/** decodeLabel reads a label of an address; names that are no identifiers come as `U__` with code points between underscores. */
function decodeLabel(text: string): string {
  const name = decodeURIComponent(text);
  if (!name.startsWith("U__")) return name;
  return name
    .slice(3)
    .replace(/__|_([0-9a-fA-F]{1,6})_/g, (whole, point?: string) =>
      whole === "__" ? "_" : String.fromCodePoint(Number.parseInt(point ?? "0", 16)),
    );
}

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["/api/v1/query", instant],
  ["/api/v1/query_range", range],
  ["/api/v1/series", series],
  ["/api/v1/labels", labels],
  ["/api/v1/metadata", metadata],
  ["/api/v1/query_exemplars", exemplars],
  ["/api/v1/format_query", ({ search }) => success(parsedText(search))],
  // There are no rules and alerts; dashboards ask for them.
  ["/api/v1/rules", () => success({ groups: [] })],
  ["/api/v1/alerts", () => success({ alerts: [] })],
]);

function parsedText(search: URLSearchParams): string {
  const text = search.get("query") ?? "";
  parsePromql(text);
  return text.trim();
}

async function instant(question: Question): Promise<unknown> {
  const { search, now } = question;
  const time = timeParameter(search, "time", now);
  const limit = limitParameter(search);
  const answer = answerOf(await run(question, { start: time, end: time, step: 0 }), false);
  return limited(answer, limit);
}

async function range(question: Question): Promise<unknown> {
  const { search } = question;
  const start = timeParameter(search, "start", undefined);
  const end = timeParameter(search, "end", undefined);
  const step = durationParameter(search, "step", undefined);
  const limit = limitParameter(search);
  if (end < start)
    throw new PromqlError("bad_data", 'invalid parameter "end": end timestamp must not be before start time');
  if (step <= 0) {
    throw new PromqlError(
      "bad_data",
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  return limited(answerOf(await run(question, { start, end, step }), true), limit);
}

function run({ search, source, signal }: Question, times: Pick<PromqlQuery, "start" | "end" | "step">) {
  const lookback = durationParameter(search, "lookback_delta", 0);
  const text = search.get("query") ?? "";
  return runPromql({ text, ...times, source, signal, ...(lookback > 0 ? { lookback } : {}) });
}

/** limited cuts a result's series as `limit` says, and warns of it as Prometheus does. */
function limited(answer: ReturnType<typeof answerOf>, limit: number): unknown {
  const { data } = answer;
  if (limit === 0 || typeof data !== "object" || data === null) return answer;
  const result: unknown = Reflect.get(data, "result");
  if (!Array.isArray(result) || result.length <= limit || Reflect.get(data, "resultType") === "scalar")
    return answer;
  const warnings = [...(answer.warnings ?? []), "results truncated due to limit"];
  return { ...answer, data: { ...data, result: result.slice(0, limit) }, warnings };
}

function spanOf({ search, now }: Question): Span {
  const to = timeParameter(search, "end", now);
  return { from: timeParameter(search, "start", to - catalogueMs) - beginMs, to };
}

function selectorsOf(search: URLSearchParams): VectorSelector[] {
  return search.getAll("match[]").map(parseSelector);
}

async function series(question: Question): Promise<unknown> {
  const { engine, search, signal } = question;
  const selectors = selectorsOf(search);
  if (selectors.length === 0) throw new PromqlError("bad_data", "no match[] parameter provided");
  const found = await seriesLabelsOf(
    engine,
    selectors.map((each) => each.matchers),
    spanOf(question),
    signal,
  );
  return cut(found.map(metricOf), search);
}

async function labels(question: Question): Promise<unknown> {
  const found = await allLabels(question);
  return cut([...new Set(found.flatMap((each) => each.map(([name]) => name)))].sort(), question.search);
}

async function labelValues(question: Question, name: string): Promise<unknown> {
  const { engine, search, signal } = question;
  if (name === "__name__" && !search.has("match[]")) {
    return cut(await metricNames(engine, spanOf(question), signal), search);
  }
  const found = await allLabels(question);
  const values = new Set(
    found.flatMap((each) => each.filter(([label]) => label === name).map(([, value]) => value)),
  );
  return cut([...values].sort(), search);
}

function allLabels(question: Question) {
  const selectors = selectorsOf(question.search).map((each) => each.matchers);
  return seriesLabelsOf(question.engine, selectors, spanOf(question), question.signal);
}

function cut(list: readonly unknown[], search: URLSearchParams): unknown {
  const limit = limitParameter(search);
  if (limit === 0 || list.length <= limit) return success(list);
  return { status: "success", data: list.slice(0, limit), warnings: ["results truncated due to limit"] };
}

async function metadata(question: Question): Promise<unknown> {
  const { engine, search, signal } = question;
  const found = await metadataOf(engine, spanOf(question), signal);
  const only = search.get("metric") ?? "";
  const entries = [...found].filter(([name]) => only === "" || name === only);
  const limit = limitParameter(search);
  return success(Object.fromEntries(limit === 0 ? entries : entries.slice(0, limit)));
}

async function exemplars(question: Question): Promise<unknown> {
  const { engine, search, signal } = question;
  return success(await exemplarsOf(engine, parsePromql(search.get("query") ?? ""), spanOf(question), signal));
}
