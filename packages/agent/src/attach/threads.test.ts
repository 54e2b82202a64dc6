import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, Agent as HttpAgent, type Server } from "node:http";
import { after, before, describe, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { listening } from "../testing/listening.js";
import { attributeOf, startRedis, whyNoPeer } from "../testing/live-peers.js";
import { traceparentOf, whilePropagating } from "../testing/propagating.js";
import { newRecorder } from "../testing/recorder.js";
import { type ThreadService, threadServices } from "../testing/thread-services.js";
import { eventually } from "../testing/wait.js";
import { ask, killed, startService, type Watched, whileWatched } from "../testing/watched-program.js";
import { openKernelObserver } from "./observer.js";

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

// Each request waits for a line of the program's input before it asks.
const held = (source: string): string =>
  source.replace(
    "        for _ in range(times): ask(name)\n",
    "        sys.stdin.readline()\n        ask(name)\n",
  );

const pathOf = (span: Span | undefined): string => (span === undefined ? "" : attributeOf(span, "url.path"));
const targetOf = (span: Span): string => new URL(attributeOf(span, "url.full")).pathname;

describe("what threads do is a child of the request that they do it for", {
  skip: whyNoPeer("python3", "redis-server"),
}, () => {
  // Slow enough that requests wait while others are served.
  const heard: { path: string; traceparent: string }[] = [];
  const back: Server = createServer(({ url = "", headers }, response) => {
    heard.push({ path: url, traceparent: String(headers.traceparent) });
    setTimeout(() => response.end("ok"), 15);
  });
  let url = "";
  before(async () => {
    url = `http://127.0.0.1:${await listening(back)}`;
  });
  after(() => {
    back.closeAllConnections();
    back.close();
  });

  const commandOf = ({
    command,
    source,
  }: Pick<ThreadService, "command" | "source">): readonly [string, ...string[]] => [
    command,
    command === "python3" ? "-c" : "-e",
    source,
    url,
  ];

  const serve = (service: ThreadService, isAlone: boolean): Promise<void> => {
    const { alone, together } = service;
    const rounds = 4;
    const atOnce = isAlone ? 1 : 6;
    const times = 3;
    const all = rounds * atOnce;
    return whileWatched(
      commandOf(service),
      async ({ port, spans, logs }) => {
        for (let round = 0; round < rounds; round++)
          await Promise.all(
            Array.from({ length: atOnce }, (_, i) => ask(port, `/r${round}c${i}?n=${times}`)),
          );
        const lines = () => logs.filter(({ body }) => body?.stringValue?.startsWith("for "));
        // One of them gives calls up.
        const answered = () => spans.filter(({ kind, status }) => kind === 3 && (status?.code ?? 0) === 0);
        await eventually(
          "all spans",
          () =>
            spans.filter(({ kind }) => kind === 2).length === all &&
            answered().length === all * times &&
            lines().length === all * times,
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
      },
      { logs: {} },
    );
  };
  for (const service of threadServices) {
    test(`${service.name}: one at a time`, () => serve(service, true));
    test(`${service.name}: six at once`, () => serve(service, false));
  }

  const [threads = assert.fail("no thread service")] = threadServices;
  const loop =
    threadServices.find(({ name }) => name.startsWith("an event loop that goes on")) ??
    assert.fail("no loop");
  const parentIn = (spans: readonly Span[], { parentSpanId }: Span) =>
    spans.find(({ spanId }) => spanId === parentSpanId);

  for (const { service, atOnce } of [
    { service: threads, atOnce: 6 },
    { service: loop, atOnce: 1 },
    { service: loop, atOnce: 6 },
  ])
    test(`${service.name}: half of the requests, with what is done for them, ${atOnce} at once`, async () => {
      const all = 48;
      await whileWatched(
        commandOf(service),
        async ({ port, agent, spans }) => {
          for (let i = 0; i < all; i += atOnce)
            await Promise.all(Array.from({ length: atOnce }, (_, j) => ask(port, `/s${i + j}?n=3`)));
          await agent.close();
          const served = spans.filter(({ kind }) => kind === 2);
          const calls = spans.filter(({ kind }) => kind === 3);
          assert.ok(served.length > 5 && served.length < all - 5, `${served.length} of ${all}`);
          for (const call of calls) {
            if (call.parentSpanId === "") continue;
            const parent = parentIn(spans, call) ?? assert.fail("a parent that is not told");
            assert.equal(targetOf(call), `/of-${pathOf(parent).slice(1)}`);
            assert.equal(call.traceId, parent.traceId);
          }
          if (service.alone === 1 && (atOnce === 1 || service.together === 1)) {
            assert.equal(calls.length, served.length * 3);
            assert.ok(calls.every(({ parentSpanId }) => parentSpanId !== ""));
          }
        },
        { sampling: { share: 0.5 } },
      );
    });

  for (const { name, command, source, least } of [
    // http.client's sockets wait unless they have a timeout, and then nothing is put in.
    { ...threads, source: threads.source.replace("back.port)", "back.port, timeout=5)"), least: 1 },
    {
      ...loop,
      name: "a loop that connects for each call",
      source: loop.source.replace("keepAlive: true", ""),
      least: 0.5,
    },
  ])
    test(`${name}: the trace that is put into a call is its request's`, () =>
      whilePropagating(
        [commandOf({ command, source })],
        async ({ programs: [child], spans }) => {
          const [line] = await once(child?.stdout ?? assert.fail(), "data");
          const port = Number(String(line));
          heard.length = 0;
          const all = 48;
          for (let i = 0; i < all; i += 6)
            await Promise.all(Array.from({ length: 6 }, (_, j) => ask(port, `/p${i + j}?n=2`)));
          await eventually("all spans", () => spans.length === 3 * all);
          assert.equal(heard.length, 2 * all);
          const calls = spans.filter(({ kind }) => kind === 3);
          let children = 0;
          for (const { path, traceparent } of heard) {
            const call = calls.find((span) => traceparentOf(span) === traceparent);
            if (call === undefined) continue;
            assert.equal(targetOf(call), path);
            const parent = parentIn(spans, call);
            if (parent === undefined) continue;
            children++;
            assert.equal(`/of-${pathOf(parent).slice(1)}`, path);
            assert.equal(parent.traceId, call.traceId);
          }
          assert.ok(children >= least * 2 * all, `${children} of ${2 * all}`);
        },
        { running: true },
      ));

  test("a process that is watched again has no requests from before, and its place is another's", async () => {
    const recorder = newRecorder();
    const observer = await openKernelObserver({ sink: recorder.sink });
    const kept = new HttpAgent({ keepAlive: true, maxSockets: 1 });
    const services: Awaited<ReturnType<typeof startService>>[] = [];
    const started = async () => {
      const service = await startService("python3", "-c", held(threads.source), url);
      services.push(service);
      return service;
    };
    const named = (pid: number, role: "servers" | "clients", path: string) => () => {
      observer.drain();
      return recorder[role](pid).find(({ head }) => head.startsWith(`GET ${path} `));
    };
    const go = ({ child }: { child: ChildProcess }): void => void child.stdin?.write("\n");
    try {
      const first = await started();
      const other = await started();
      observer.watch(first.pid, undefined, "serial");
      // The second time, its place is another process's meanwhile.
      for (const [before, after] of [
        ["/a", "/b"],
        ["/c", "/d"],
      ] as const) {
        const asked = ask(first.port, before, kept);
        const a = await eventually("the first request", named(first.pid, "servers", before));
        observer.unwatch(first.pid);
        // Nobody sees that it is answered, and that its thread reads another one.
        go(first);
        await asked;
        const unseen = ask(first.port, after, kept);
        await new Promise((resolve) => setTimeout(resolve, 100));
        if (before === "/c") observer.watch(other.pid, undefined, "serial");
        observer.watch(first.pid, undefined, "serial");
        go(first);
        await unseen;
        const call = await eventually("its call", named(first.pid, "clients", `/of-${after.slice(1)}`));
        assert.equal(call.parent, 0, `a request from before has number ${a.number}`);
        // The next one is on a connection that was seen from its beginning.
        kept.destroy();
      }
      for (const [{ pid, port, child }, path] of [
        [first, "/e"],
        [other, "/f"],
      ] as const) {
        const asked = ask(port, path);
        const { number } = await eventually("a request", named(pid, "servers", path));
        go({ child });
        await asked;
        const call = await eventually("its call", named(pid, "clients", `/of-${path.slice(1)}`));
        assert.equal(call.parent, number);
      }
    } finally {
      kept.destroy();
      observer.close();
      for (const service of services) killed(service);
    }
  });

  test("queries, calls and lines of two requests at once, which are the same again and again", async () => {
    const redis = await startRedis();
    const queries = async ({ port, spans, logs }: Watched): Promise<void> => {
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
    };
    try {
      await whileWatched(["python3", "-c", pages(redis.port)], queries, { logs: {} }, [redis.pid]);
    } finally {
      await redis.stop();
    }
  });
});
