import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeProtobuf, ExportLogsServiceRequest, type LogRecord, type Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { attributeOf, newSpanCollector, startRedis, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";
import { newServingThreads, servesOneAtATime } from "./serving-threads.js";

test("a thread serves the request that it has read, until it begins to answer", () => {
  const unanswered = new Set([1, 2]);
  const { began, servedBy, processExited } = newServingThreads({
    isUnanswered: (exchange) => unanswered.has(exchange),
    mayServe: () => true,
  });
  assert.equal(servedBy(7, 70), 0);
  began(7, 70, 1);
  began(7, 71, 2);
  assert.deepEqual([servedBy(7, 70), servedBy(7, 71), servedBy(8, 70)], [1, 2, 0]);
  unanswered.delete(1);
  assert.equal(servedBy(7, 70), 0);
  unanswered.add(3);
  began(7, 70, 3);
  assert.equal(servedBy(7, 70), 3);
  processExited(7);
  assert.equal(servedBy(7, 71), 0);
});

test("one that has had two at once may do anything for either, for good", () => {
  const unanswered = new Set([1, 2, 3]);
  const { began, servedBy } = newServingThreads({
    isUnanswered: (exchange) => unanswered.has(exchange),
    mayServe: (_tgid, tid) => tid !== 72,
  });
  began(7, 70, 1);
  began(7, 70, 2);
  assert.equal(servedBy(7, 70), 0);
  unanswered.clear();
  unanswered.add(3);
  began(7, 70, 3);
  began(7, 72, 3);
  assert.deepEqual([servedBy(7, 70), servedBy(7, 72)], [0, 0]);
});

test("event loops are known by their names, or by being the main thread of what waits by epoll", () => {
  const proc = mkdtempSync(join(tmpdir(), "go3s-proc-"));
  const program = (pid: number, descriptor: string, ...threads: readonly (readonly [number, string])[]) => {
    mkdirSync(join(proc, `${pid}`, "fd"), { recursive: true });
    symlinkSync(descriptor, join(proc, `${pid}`, "fd", "3"));
    for (const [tid, name] of threads) {
      mkdirSync(join(proc, `${pid}`, "task", `${tid}`), { recursive: true });
      writeFileSync(join(proc, `${pid}`, "task", `${tid}`, "comm"), `${name}\n`);
    }
  };
  try {
    program(7, "anon_inode:[eventpoll]", [7, "gunicorn"], [8, "gunicorn"], [9, "nioEventLoopGr"]);
    program(10, "socket:[1]", [10, "gunicorn"]);
    const may = (tgid: number, tid: number) => servesOneAtATime(tgid, tid, proc);
    assert.deepEqual([may(7, 7), may(7, 8), may(7, 9)], [false, true, false]);
    // A thread that was there for one connection has ended before anybody looks.
    assert.deepEqual([may(10, 10), may(10, 11)], [true, true]);
  } finally {
    rmSync(proc, { recursive: true });
  }
});

// A thread for each connection, which asks Redis and another server by connections of its own.
const service = (redis: number): string => `
import http.client, os, socket, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
own = threading.local()
both = threading.Barrier(2)
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def do_GET(self):
        if self.path.startswith("/page"):
            both.wait()
            os.write(2, ("serving " + self.path + "\\n").encode())
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

test("what a thread asks while it serves a request is the request's child, with two at once", {
  skip: whyNoPeer("python3", "redis-server"),
}, async () => {
  const redis = await startRedis();
  const child: ChildProcess = spawn("python3", ["-c", service(redis.port)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr?.resume();
  const [line] = await once(child.stdout ?? assert.fail(), "data");
  const port = Number(String(line));
  const { spans, exporter } = newSpanCollector();
  const logs: LogRecord[] = [];
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [child.pid ?? 0, redis.pid] },
      exclude: [process.pid],
      exporter: {
        ...exporter,
        send(signal, body, ...more) {
          if (signal !== "logs") return exporter.send(signal, body, ...more);
          for (const group of decodeProtobuf(ExportLogsServiceRequest, body).resourceLogs)
            for (const scope of group.scopeLogs) logs.push(...scope.logRecords);
        },
      },
      logs: {},
    });
    // The same request again and again: repetitions are told before what is done for them, too.
    for (let round = 0; round < 4; round++) await Promise.all([ask(port, "/page1"), ask(port, "/page2")]);
    const named = (name: string) => spans.filter((span) => span.name === name);
    await eventually("all spans", () => named("SET").length === 16 && named("GET").length === 24);
    const parentOf = (span: Span) => spans.find(({ spanId }) => spanId === span.parentSpanId);
    const path = (span: Span | undefined) => (span === undefined ? "" : attributeOf(span, "url.path"));
    for (const span of spans) {
      const parent = parentOf(span);
      if (path(span).startsWith("/page")) assert.equal(parent, undefined);
      else assert.equal(parent?.traceId, span.traceId);
      if (span.name === "SET") assert.equal(path(parent).slice(0, 5), span.kind === 3 ? "/page" : "");
      if (path(span).startsWith("/inner"))
        assert.equal(path(parent), span.kind === 3 ? path(span).replace("inner", "page") : path(span));
    }
    // So is what it logs meanwhile.
    const said = () => logs.filter(({ body }) => body?.stringValue?.startsWith("serving /page") === true);
    await eventually("all lines", () => said().length === 8);
    for (const { body, spanId } of said())
      assert.equal(`serving ${path(spans.find((span) => span.spanId === spanId))}`, body?.stringValue);
    // Each page has its own query and call.
    const pages = spans.filter((span) => path(span).startsWith("/page"));
    assert.equal(pages.length, 8);
    for (const { spanId } of pages)
      assert.deepEqual(
        spans
          .filter(({ parentSpanId }) => parentSpanId === spanId)
          .map(({ name }) => name)
          .sort(),
        ["GET", "SET"],
      );
  } finally {
    child.kill("SIGKILL");
    await agent?.close();
    await redis.stop();
  }
});
