import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import type { CompleteAnswer, ErrorBody, FilterParseAnswer } from "@go3s/server";
import { siteFolder } from "../index.js";
import { diagnosisAnswer, patternsAnswer, runtimeAnswer } from "./diagnosis-fixture.js";
import { facetsAnswer, fieldsAnswer, logsAnswer } from "./log-fixture.js";
import { mapAnswer, tcpAnswer } from "./map-fixture.js";
import { prometheusAnswer } from "./metric-fixture.js";
import { answerProbes } from "./probe-fixture.js";
import { flameAnswer, profilesAnswer } from "./profile-fixture.js";
import { scrapeTargetsAnswer } from "./scrape-fixture.js";
import { spanId } from "./seeded.js";
import { serviceAnswer, servicesAnswer } from "./service-fixture.js";
import { sqlAnswer } from "./sql-fixture.js";
import { historyAnswer, statusAnswer } from "./status-fixture.js";
import { heatAnswer, spanAnswer, traceAnswer, usualAnswer } from "./trace-fixture.js";
import { tracesAnswer } from "./traces-fixture.js";

// Serves the built page with made answers under the same content security policy as the real server.

/** policy is what the server sends; the page must work under it. */
export const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** FixtureServer is the running server; `state` is what a test may change while it runs. */
export interface FixtureServer {
  readonly url: string;
  readonly asked: string[];
  readonly state: { empty: boolean; failing: boolean; newLogs: number; spans: number };
  /** arrive tells open pages that something came in. */
  arrive(): void;
  /** report tells open pages the server's state, as each hears it when it begins to listen. */
  report(): void;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** startFixtureServer listens on a free port of the loopback. `at` is the moment the made data ends. */
export async function startFixtureServer(at = Date.now()): Promise<FixtureServer> {
  const state = { empty: false, failing: false, newLogs: 0, spans: 400 };
  const asked: string[] = [];
  const streams = new Set<ServerResponse>();
  const statusEvent = `event: status\ndata: ${JSON.stringify(statusAnswer(at))}\n\n`;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    response.setHeader("content-security-policy", policy);
    if (url.pathname === "/api/v1/stream") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(statusEvent);
      streams.add(response);
      request.on("close", () => streams.delete(response));
      return;
    }
    if (url.pathname.startsWith("/api/v1/probes")) return answerProbes(at, url, request, response);
    if (url.pathname.startsWith("/api/v1/")) {
      const answer = state.failing ? failure : answerOf(url, at, state);
      const status = answer === undefined ? 404 : state.failing ? 503 : 200;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? notFound));
      return;
    }
    if (url.pathname.startsWith("/prometheus/api/v1/")) {
      const answer = prometheusAnswer(url, at, state.empty);
      response.writeHead(answer.status === "error" ? 400 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
      return;
    }
    void serveFile(url.pathname, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    state,
    report() {
      for (const stream of streams) stream.write(statusEvent);
    },
    arrive() {
      for (const stream of streams) {
        stream.write(
          `event: arrived\ndata: ${JSON.stringify({ now_ms: Date.now(), spans: 1, logs: 1, metrics: 0 })}\n\n`,
        );
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serveFile(path: string, response: ServerResponse): Promise<void> {
  const name = path.startsWith("/assets/") ? normalize(path) : "/index.html";
  try {
    const body = await readFile(join(siteFolder, name));
    response.writeHead(200, { "content-type": types[extname(name)] ?? "application/octet-stream" });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

const failure: ErrorBody = {
  error: {
    code: "store-busy",
    message: "The store is starting.",
    hint: "It replays its log; this takes some seconds.",
  },
};
const notFound: ErrorBody = { error: { code: "not-found", message: "Nothing is here.", hint: "" } };

function answerOf(url: URL, at: number, state: FixtureServer["state"]): unknown {
  const path = url.pathname.slice("/api/v1/".length);
  const limit = Number(url.searchParams.get("limit") ?? 100);
  const parts = path.split("/");
  if (path === "status") return statusAnswer(at);
  if (path === "scrape/targets") return scrapeTargetsAnswer(at);
  if (path === "history") return historyAnswer(at);
  if (path === "services") {
    const answer = servicesAnswer(at);
    return state.empty ? { ...answer, services: [], last_seen_ms: at - 10_800_000 } : answer;
  }
  if (parts[0] === "services" && parts[2] === "runtime") return runtimeAnswer(at);
  if (parts[0] === "services") return serviceAnswer(at, decodeURIComponent(parts[1] ?? ""));
  if (path === "traces") {
    const answer = tracesAnswer(at, limit);
    return state.empty ? { ...answer, traces: [], last_seen_ms: at - 10_800_000 } : answer;
  }
  if (path === "traces/usual") return usualAnswer(at, 5);
  if (path === "traces/heat") return heatAnswer(at);
  if (parts[0] === "traces" && parts[2] === "matches") return { span_id: [spanId(2), spanId(4)] };
  if (parts[0] === "traces" && parts[4] === "otlp") return { resourceSpans: [] };
  if (parts[0] === "traces" && parts[2] === "spans") return spanAnswer(at, parts[1] ?? "", parts[3] ?? "");
  if (parts[0] === "traces")
    return parts[1] === "missing" ? undefined : traceAnswer(at, parts[1] ?? "", state.spans);
  if (path === "map") return state.empty ? { ...mapAnswer(at), nodes: [], edges: [] } : mapAnswer(at);
  if (path === "tcp") return tcpAnswer(at);
  if (path === "logs") return logsAnswer(at, limit, url.searchParams.get("before"), state.newLogs);
  if (path === "logs/patterns") return patternsAnswer(at);
  if (path === "diagnosis") return diagnosisAnswer(at, url.searchParams.get("service") ?? "");
  if (path === "facets") return facetsAnswer(at);
  if (path === "fields") return fieldsAnswer;
  if (path === "profiles") return profilesAnswer(at, state.empty);
  if (path === "profiles/flame") return flameAnswer(at, url.searchParams.has("base_from"));
  if (path === "query") return sqlAnswer(at);
  if (path === "complete") return complete(url.searchParams.get("text") ?? "");
  if (path === "filter/parse") return parse(url.searchParams.get("filter") ?? "");
  return undefined;
}

function complete(text: string): CompleteAnswer {
  const start = text.lastIndexOf(" ") + 1;
  const items = ["service:checkout", "status:error", "duration:>100ms"];
  return {
    replace: { start, end: text.length },
    items: items
      .filter((label) => label.startsWith(text.slice(start)))
      .map((label) => ({ kind: "key", label, insert: label, count: 1204, detail: "" })),
  };
}

/** parse knows one mistake: a bracket that is not closed. The real parser is the server's and tested there. */
function parse(filter: string): FilterParseAnswer {
  const at = filter.indexOf("(");
  if (at >= 0 && !filter.includes(")")) {
    return {
      ok: false,
      message: "the bracket is not closed",
      hint: "",
      place: { start: at, end: at + 1 },
      expected: [")"],
    };
  }
  return {
    ok: true,
    tree: { kind: "all", place: { start: 0, end: filter.length } },
    text: filter,
    sql: "SELECT * FROM traces LIMIT 100",
  };
}
