import type { ServerResponse } from "node:http";
import type { Engine, Parameters } from "../api/context.js";
import { type Counters, count } from "../counters.js";
import { ServerError } from "../errors.js";
import { compileFilter } from "../filter/compile.js";
import { number, type Row, rowsOf, text } from "../query/rows.js";
import { statement, withFilter } from "../query/statements.js";
import { errorOf, sendJson } from "../web/respond.js";
import { byTrace, isCut, SPANS_MAX, type WholeSpan, wholeSpans } from "../whole/spans.js";
import { jaegerTrace } from "./json.js";
import { type Asked, searchOf } from "./parameters.js";

/** JaegerPort answers the HTTP API that Jaeger's page and Grafana's Jaeger data source use: `/jaeger` is the address to give. */
export interface JaegerPort {
  /** answer serves a request below /jaeger; `path` is what follows. It tells errors itself, as Jaeger does. */
  answer(path: string, search: URLSearchParams, response: ServerResponse): Promise<void>;
}

/** Names are asked without a range; those of the last days are told, as long as rows are kept by default. */
const namesMs = 7 * 24 * 3_600_000;

interface Question {
  readonly engine: Engine;
  readonly search: URLSearchParams;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** createJaegerPort makes the API. */
export function createJaegerPort(engine: Engine, counters: Counters): JaegerPort {
  return {
    async answer(path, search, response) {
      const cancel = new AbortController();
      response.on("close", () => cancel.abort());
      let outcome = "ok";
      try {
        const question = { engine, search, nowMs: Date.now(), signal: cancel.signal };
        const data = await dataOf(path.replace(/\/$/, ""), question);
        sendJson(response, 200, { data, total: data.length, limit: 0, offset: 0, errors: null });
      } catch (thrown) {
        const error = errorOf(thrown);
        outcome = error.code;
        if (response.headersSent || cancel.signal.aborted) return void response.destroy();
        const hint = error.hint === undefined || error.hint === "" ? "" : ` (${error.hint})`;
        const errors = [{ code: error.status, msg: `${error.message}${hint}` }];
        sendJson(response, error.status, { data: null, total: 0, limit: 0, offset: 0, errors });
      } finally {
        count(counters, "queries", outcome).value++;
      }
    },
  };
}

function dataOf(path: string, question: Question): Promise<readonly unknown[]> {
  const service = /^\/api\/services\/([^/]+)\/operations$/.exec(path)?.[1];
  if (service !== undefined) return operationNames(question, decodeURIComponent(service));
  const id = /^\/api\/traces\/([0-9a-fA-F]{1,32})$/.exec(path)?.[1];
  if (id !== undefined) return oneTrace(question, id.toLowerCase().padStart(32, "0"));
  if (path === "/api/services") return services(question);
  if (path === "/api/operations") return operations(question);
  if (path === "/api/traces") return traces(question);
  if (path === "/api/dependencies") return dependencies(question);
  throw new ServerError("not-found", `Jaeger's API has no ${path.slice(0, 200)} here`, {
    hint: "there are /api/services, /api/operations, /api/traces, /api/traces/ID and /api/dependencies",
  });
}

async function ask({ engine, signal }: Question, sql: string, parameters: Parameters): Promise<Row[]> {
  return rowsOf(await engine(sql, "JSONCompact", parameters, signal));
}

function lately({ nowMs }: Question): Parameters {
  return { from_ns: `${nowMs - namesMs}000000`, to_ns: `${nowMs + 60_000}000000` };
}

async function services(question: Question): Promise<string[]> {
  const rows = await ask(question, statement("service-names"), lately(question));
  return rows.map((row) => text(row, "service_name"));
}

async function operationNames(question: Question, service: string): Promise<string[]> {
  const rows = await ask(question, statement("operations"), { ...lately(question), service, kind: "" });
  return [...new Set(rows.map((row) => text(row, "operation")))];
}

async function operations(question: Question): Promise<unknown[]> {
  const service = question.search.get("service") ?? "";
  if (service === "") {
    throw new ServerError("bad-parameter", "service is missing", { hint: "?service=NAME" });
  }
  const kind = (question.search.get("spanKind") ?? "").toUpperCase();
  const rows = await ask(question, statement("operations"), { ...lately(question), service, kind });
  return rows.map((row) => ({ name: text(row, "operation"), spanKind: text(row, "kind").toLowerCase() }));
}

async function oneTrace(question: Question, id: string): Promise<unknown[]> {
  const spans = await wholeSpans(question.engine, [id], question.signal);
  if (spans.length === 0) throw new ServerError("not-found", "trace not found");
  return jaegerTraces(spans, [id]);
}

async function traces(question: Question): Promise<unknown[]> {
  const asked = searchOf(question.search, question.nowMs);
  const ids = asked.ids.length > 0 ? asked.ids : await foundIds(question, asked);
  const spans = await wholeSpans(question.engine, ids, question.signal);
  return jaegerTraces(spans, ids);
}

/** jaegerTraces gives traces; where not all of their spans could be read each of them says so. */
function jaegerTraces(spans: readonly WholeSpan[], ids: readonly string[]): unknown[] {
  const warnings = isCut(spans)
    ? [`only the first ${SPANS_MAX} spans of this answer's traces are here`]
    : null;
  return byTrace(spans, ids).map((trace) => ({ ...jaegerTrace(trace), warnings }));
}

async function foundIds(question: Question, { filter, from_ms, to_ms, limit }: Asked): Promise<string[]> {
  const condition = compileFilter(filter, "traces");
  const rows = await ask(question, withFilter(statement("traces-found"), condition.sql), {
    ...condition.parameters,
    from_ns: `${from_ms}000000`,
    to_ns: `${to_ms}000000`,
    limit,
    by_duration: 0,
  });
  return rows.map((row) => text(row, "trace_id"));
}

async function dependencies(question: Question): Promise<unknown[]> {
  const to_ms = Number(question.search.get("endTs") || question.nowMs);
  const lookback = Number(question.search.get("lookback") || 24 * 3_600_000);
  if (!Number.isFinite(to_ms) || !Number.isFinite(lookback)) {
    throw new ServerError("bad-parameter", "endTs and lookback are milliseconds");
  }
  const rows = await ask(question, withFilter(statement("edges"), "1"), {
    from_ns: `${Math.floor(to_ms - lookback)}000000`,
    to_ns: `${Math.ceil(to_ms)}000000`,
    service: "",
  });
  return rows
    .filter((row) => text(row, "target_kind") === "service")
    .map((row) => ({
      parent: text(row, "source"),
      child: text(row, "target"),
      callCount: number(row, "requests"),
    }));
}
