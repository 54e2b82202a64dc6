import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ApiContext } from "../api/context.js";
import { isRaw } from "../api/raw.js";
import { findRoute } from "../api/routes.js";
import type { ClickHousePort } from "../clickhouse/port.js";
import { count } from "../counters.js";
import { ServerError } from "../errors.js";
import type { JaegerPort } from "../jaeger/port.js";
import { answerProbes, type Probes } from "../probes/answer.js";
import type { PrometheusPort } from "../prometheus/port.js";
import { drain } from "../receive/drain.js";
import type { TempoPort } from "../tempo/port.js";
import { type Access, admit } from "./access.js";
import { type AgentSampling, changeAgentSample } from "./agent-sample.js";
import { type GuardOptions, guard } from "./guard.js";
import { type Gauge, metricsFormatOf, metricsText, metricsTypes } from "./metrics.js";
import { type QueryPort, runQuery } from "./query.js";
import { sendError, sendJson, sendText } from "./respond.js";
import { signIn } from "./sign-in.js";
import { type StaticFiles, sendFile } from "./static.js";
import type { LiveStream } from "./stream.js";

/** WebPort is what the web port serves. */
export interface WebPort {
  readonly guard: GuardOptions;
  readonly access: Access;
  readonly context: ApiContext;
  readonly queries: QueryPort;
  readonly clickhouse: ClickHousePort;
  readonly prometheus: PrometheusPort;
  readonly jaeger: JaegerPort;
  readonly tempo: TempoPort;
  readonly stream: LiveStream;
  /** Undefined where no page is served (`--no-web`). */
  readonly files: StaticFiles | undefined;
  readonly gauges: () => readonly Gauge[];
  /** Why no work is taken, or "" when it is. */
  readonly notReady: () => string;
  readonly agentSampling: AgentSampling | undefined;
  readonly probes: Probes | undefined;
}

// The page has all its code and styles in files of its own; Preact and uPlot set styles through the DOM, which this allows.
// `frame-ancestors`, `form-action` and `base-uri` do not fall back to default-src, so they are named.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** createWebServer makes the web port's server (not listening yet). */
export function createWebServer(port: WebPort): Server {
  return createServer({ requestTimeout: 60_000 }, (request, response) => {
    response.on("finish", () => count(port.context.counters, "web", String(response.statusCode)).value++);
    void answer(port, request, response).catch(async (error: unknown) => {
      if (!response.headersSent && !(await drain(request))) response.setHeader("Connection", "close");
      sendError(response, error);
    });
  });
}

async function answer(port: WebPort, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("Content-Security-Policy", policy);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  guard(request, port.guard);
  const [path = "/", ...rest] = (request.url ?? "/").split("?");
  const search = new URLSearchParams(rest.join("?"));
  // Whether it is alive and takes work says nothing about anybody; load balancers ask without a token.
  const isHealth = path === "/healthz" || path === "/readyz";
  if (!isHealth && (await signIn(port.access, path, search, request, response))) return;
  if (!isHealth) admit(port.access, request, response);
  if (path === "/api/v1/query") {
    allow(request, response, ["POST"]);
    return runQuery(port.queries, search, request, response);
  }
  if (path === "/api/v1/agent/sample") {
    allow(request, response, ["PUT"]);
    return sendJson(response, 200, changeAgentSample(port.agentSampling, port.access, search, request));
  }
  if (path === "/api/v1/probes" || path.startsWith("/api/v1/probes/")) {
    allow(request, response, ["GET", "HEAD", "POST", "DELETE"]);
    const below = path.slice("/api/v1/probes".length);
    return answerProbes(port.probes, port.access, below, request, response);
  }
  if (path === "/clickhouse" || path.startsWith("/clickhouse/")) {
    allow(request, response, ["GET", "HEAD", "POST"]);
    return port.clickhouse.answer(path.slice("/clickhouse".length), search, request, response);
  }
  if (path === "/prometheus" || path.startsWith("/prometheus/")) {
    allow(request, response, ["GET", "HEAD", "POST"]);
    return port.prometheus.answer(path.slice("/prometheus".length), search, request, response);
  }
  allow(request, response, ["GET", "HEAD"]);
  if (path === "/jaeger" || path.startsWith("/jaeger/")) {
    return port.jaeger.answer(path.slice("/jaeger".length), search, response);
  }
  if (path === "/tempo" || path.startsWith("/tempo/")) {
    return port.tempo.answer(path.slice("/tempo".length), search, request, response);
  }
  if (path === "/healthz") return sendText(response, 200, "text/plain; charset=utf-8", "ok\n");
  if (path === "/readyz") return readyz(port, response);
  if (path === "/metrics") {
    const format = metricsFormatOf(request.headers.accept);
    response.setHeader("Vary", "Accept");
    return sendText(
      response,
      200,
      metricsTypes[format],
      metricsText(port.context.counters, port.gauges(), format),
    );
  }
  if (path === "/api/v1/stream") return port.stream.attach(response);
  if (path.startsWith("/api/")) return api(port, path, search, response);
  if (port.files) return sendFile(port.files, path, request, response);
  throw new ServerError("not-found", "no page is served here", { hint: "start without --no-web" });
}

function allow(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void {
  if (methods.includes(request.method ?? "")) return;
  response.setHeader("Allow", methods.join(", "));
  throw new ServerError(
    "method-not-allowed",
    `this address takes ${methods.join(" or ")}, not ${request.method}`,
  );
}

function readyz(port: WebPort, response: ServerResponse): void {
  const reason = port.notReady();
  if (reason === "") {
    sendText(response, 200, "text/plain; charset=utf-8", "ready\n");
    return;
  }
  throw new ServerError("store-not-ready", reason, {
    hint: "wait, or see /api/v1/status",
    retryAfterSeconds: 1,
  });
}

async function api(
  port: WebPort,
  path: string,
  search: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const { handler, names } = findRoute(path.replace(/^\/api\/(?:v1\/)?/, ""));
  const cancel = new AbortController();
  response.on("close", () => cancel.abort());
  const value = await handler(port.context, { names, search, nowMs: Date.now(), signal: cancel.signal });
  if (isRaw(value)) sendText(response, 200, value.type, value.raw);
  else sendJson(response, 200, value);
}
