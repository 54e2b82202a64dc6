import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, get, type Server } from "node:http";
import { after, before, describe, test } from "node:test";
import { decodeProtobuf, ExportLogsServiceRequest, type LogRecord, type Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent, AgentOptions } from "../agent-types.js";
import { listening } from "../testing/listening.js";
import { attributeOf, newSpanCollector, startRedis, whyNoPeer } from "../testing/live-peers.js";
import { type ThreadService, threadServices } from "../testing/thread-services.js";
import { eventually } from "../testing/wait.js";

// A thread for each connection, which asks Redis and another server by connections of its own.
const pages = (redis: number): string => `
import http.client, socket, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
own = threading.local()
both = threading.Barrier(2)
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def do_GET(self):
        if self.path.startswith("/page"):
            both.wait()
            print("serving " + self.path, file=sys.stderr, flush=True)
            if not hasattr(own, "redis"):
                own.redis = socket.create_connection(("127.0.0.1", ${redis}))
            key = self.path[5:].encode()
            own.redis.sendall(b"*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\n" + key + b"\\r\\n$1\\r\\nx\\r\\n")
            own.redis.recv(100)
            call = http.client.HTTPConnection("127.0.0.1", self.server.server_port)
            call.request("GET", "/inner" + self.path[5:])
            call.getresponse().read()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
`;

const ask = (port: number, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent: false }, (answer) =>
      answer.resume().once("end", resolve),
    ).once("error", reject);
  });

const pathOf = (span: Span | undefined): string => (span === undefined ? "" : attributeOf(span, "url.path"));
const targetOf = (span: Span): string => new URL(attributeOf(span, "url.full")).pathname;

/** startService starts a program that prints its port. */
async function startService(command: string, ...rest: string[]) {
  const child: ChildProcess = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  child.stderr?.resume();
  const [line] = await once(child.stdout ?? assert.fail(), "data");
  return { child, pid: child.pid ?? 0, port: Number(String(line)) };
}

/** observe begins to observe a process, with what it tells. */
async function observe(pids: readonly number[], options: Partial<AgentOptions> = {}) {
  const { spans, exporter } = newSpanCollector();
  const logs: LogRecord[] = [];
  const agent: Agent = await startAgent({
    selection: { pids },
    exclude: [process.pid],
    exporter: {
      ...exporter,
      send(signal, request, items) {
        if (signal !== "logs") return exporter.send(signal, request, items);
        const { resourceLogs } = decodeProtobuf(ExportLogsServiceRequest, request);
        for (const { scopeLogs } of resourceLogs)
          for (const scope of scopeLogs) logs.push(...scope.logRecords);
      },
    },
    ...options,
  });
  return { agent, spans, logs };
}

describe("what threads do is a child of the request that they do it for", {
  skip: whyNoPeer("python3", "redis-server"),
}, () => {
  // Slow enough that requests wait while others are served.
  const back: Server = createServer((_request, response) => setTimeout(() => response.end("ok"), 15));
  let url = "";
  before(async () => {
    url = `http://127.0.0.1:${await listening(back)}`;
  });
  after(() => {
    back.closeAllConnections();
    back.close();
  });

  const serve = async (
    { command, source, alone, together }: ThreadService,
    isAlone: boolean,
  ): Promise<void> => {
    const { child, pid, port } = await startService(
      command,
      command === "python3" ? "-c" : "-e",
      source,
      url,
    );
    const { agent, spans, logs } = await observe([pid], { logs: {} });
    const rounds = 4;
    const atOnce = isAlone ? 1 : 6;
    const times = 3;
    const all = rounds * atOnce;
    try {
      for (let round = 0; round < rounds; round++)
        await Promise.all(Array.from({ length: atOnce }, (_, i) => ask(port, `/r${round}c${i}?n=${times}`)));
      const lines = () => logs.filter(({ body }) => body?.stringValue?.startsWith("for "));
      await eventually(
        "all spans",
        () => spans.length === all * (1 + times) && lines().length === all * times,
      );
      const parentOf = ({ parentSpanId }: Span) => spans.find(({ spanId }) => spanId === parentSpanId);
      const calls = spans.filter(({ kind }) => kind === 3);
      const children = calls.filter((span) => parentOf(span) !== undefined);
      for (const span of children) {
        assert.equal(targetOf(span), `/of-${pathOf(parentOf(span)).slice(1)}`);
        assert.equal(span.traceId, parentOf(span)?.traceId);
      }
      const traced = lines().filter(({ spanId }) => spanId !== "");
      for (const { body, spanId } of traced)
        assert.equal(
          body?.stringValue,
          `for ${pathOf(spans.find((span) => span.spanId === spanId)).slice(1)}`,
        );
      const expected = isAlone ? alone : together;
      assert.ok(children.length >= expected * calls.length, `${children.length} of ${calls.length} calls`);
      assert.ok(traced.length >= expected * lines().length, `${traced.length} of ${lines().length} lines`);
    } finally {
      child.kill("SIGKILL");
      await agent.close();
    }
  };
  for (const service of threadServices) {
    test(`${service.name}: one at a time`, () => serve(service, true));
    test(`${service.name}: six at once`, () => serve(service, false));
  }

  test("queries, calls and lines of two requests at once, which are the same again and again", async () => {
    const redis = await startRedis();
    const { child, pid, port } = await startService("python3", "-c", pages(redis.port));
    const { agent, spans, logs } = await observe([pid, redis.pid], { logs: {} });
    try {
      // The same request again and again: repetitions are told before what is done for them, too.
      for (let round = 0; round < 4; round++) await Promise.all([ask(port, "/page1"), ask(port, "/page2")]);
      const named = (name: string) => spans.filter((span) => span.name === name);
      await eventually("all spans", () => named("SET").length === 16 && named("GET").length === 24);
      const parentOf = (span: Span) => spans.find(({ spanId }) => spanId === span.parentSpanId);
      for (const span of spans) {
        const parent = parentOf(span);
        if (pathOf(span).startsWith("/page")) assert.equal(parent, undefined);
        else assert.equal(parent?.traceId, span.traceId);
        if (span.name === "SET") assert.equal(pathOf(parent).slice(0, 5), span.kind === 3 ? "/page" : "");
        if (pathOf(span).startsWith("/inner"))
          assert.equal(
            pathOf(parent),
            span.kind === 3 ? pathOf(span).replace("inner", "page") : pathOf(span),
          );
      }
      // So is what it logs meanwhile.
      const said = () => logs.filter(({ body }) => body?.stringValue?.startsWith("serving /page") === true);
      await eventually("all lines", () => said().length === 8);
      for (const { body, spanId } of said())
        assert.equal(`serving ${pathOf(spans.find((span) => span.spanId === spanId))}`, body?.stringValue);
      // Each page has its own query and call.
      const served = spans.filter((span) => pathOf(span).startsWith("/page"));
      assert.equal(served.length, 8);
      for (const { spanId } of served)
        assert.deepEqual(
          spans
            .filter(({ parentSpanId }) => parentSpanId === spanId)
            .map(({ name }) => name)
            .sort(),
          ["GET", "SET"],
        );
    } finally {
      child.kill("SIGKILL");
      await agent.close();
      await redis.stop();
    }
  });
});
