import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { after, before, describe, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  newestGo,
  type RunningService,
  whyNoLiveTests,
  whyNoToolchain,
} from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import { http2Source } from "../testing/http2-service.go.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { spanPath } from "../testing/span-tree.js";
import { eventually } from "../testing/wait.js";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const plain = { name: "plain text", tls: false, flags: [], early: false };
const secure = {
  name: "TLS, on connections from before, without symbols",
  tls: true,
  flags: ["-ldflags=-s -w"],
  early: true,
};
// From Go 1.27 on it is in a package of its own.
const ways = [
  { ...plain, toolchain: "local", missing: false },
  { ...secure, toolchain: "local", missing: false },
  { ...plain, toolchain: newestGo, missing: whyNoToolchain(newestGo) },
  { ...secure, toolchain: newestGo, missing: whyNoToolchain(newestGo) },
];

for (const { name, tls, flags, early, toolchain, missing } of ways) {
  describe(`HTTP/2 of net/http (${toolchain}) by ${name}`, { skip: whyNoLiveTests() ?? missing }, () => {
    let program: BuiltProgram;
    let agent: Agent | undefined;
    const services: RunningService[] = [];
    const { spans, exporter } = newSpanCollector();
    const lost: string[] = [];
    let pages = 0;

    const get = async (path: string): Promise<string> => {
      const client = newClient(services[1]?.port ?? 0, false);
      const { body } = await client.get(path);
      client.close();
      return body;
    };

    /** chain asks for a page and gives the client's and the server's span behind it. */
    const chain = async (path: string): Promise<readonly [Span, Span]> => {
      const first = spans.length;
      const body = await get(path);
      pages++;
      const of = (kind: number, parent: Span | undefined) =>
        spans.slice(first).find((span) => span.kind === kind && span.parentSpanId === parent?.spanId);
      return await eventually(`the spans of ${path}, which answered ${body}`, () => {
        const front = spans.slice(first).find((span) => attributeOf(span, "url.path") === path);
        const asked = of(3, front);
        const served = asked && of(2, asked);
        return asked !== undefined && served !== undefined && ([asked, served] as const);
      });
    };

    const told = (span: Span, ...names: readonly string[]) => names.map((each) => attributeOf(span, each));
    const request = ["url.path", "url.query", "url.scheme", "http.response.status_code", "error.type"];
    const sizes = ["http.request.body.size", "http.response.body.size"];

    before(async () => {
      program = buildGoService(http2Source, flags, [], toolchain);
      const back = await program.start(tls ? { TLS: "1" } : {});
      services.push(back);
      services.push(await program.start({ NEXT: `${tls ? "https" : "http"}://127.0.0.1:${back.port}` }));
      if (early) await get("/things/0");
      agent = await startAgent({
        selection: { pids: services.map(({ pid }) => pid) },
        exclude: [process.pid],
        exporter,
        metrics: false,
        onAttached: (attached) => lost.push(...attached.lost),
      });
    });

    after(async () => {
      await agent?.close();
      for (const service of services) await service.stop();
      program.remove();
    });

    test("nothing is lost to the probes", () => assert.deepEqual(lost, []));

    test("a request is told on both sides with what the libraries know, below the one it is made for", async () => {
      const [asked, served] = await chain("/things/1");
      const scheme = tls ? "https" : "http";
      assert.equal(
        spanPath(served, spans),
        "server GET /things/{id} > client POST > server POST /things/{id}",
      );
      assert.deepEqual(told(asked, ...request), ["/things/7", "q=1", scheme, "200", ""]);
      assert.deepEqual(told(served, ...request), ["/things/7", "q=1", scheme, "200", ""]);
      assert.deepEqual(told(served, "http.route", "user_agent.original", "network.protocol.version"), [
        "/things/{id}",
        "Go-http-client/2.0",
        "2",
      ]);
      for (const span of [asked, served]) assert.deepEqual(told(span, ...sizes), ["5", "3"]);
      const port = String(services[0]?.port);
      assert.deepEqual(told(asked, "server.port", "network.peer.port"), [port, port]);
      const ends = ["server.port", "client.address", "network.peer.address"];
      assert.deepEqual(told(served, ...ends), [port, "127.0.0.1", "127.0.0.1"]);
    });

    test("so is one that another goroutine makes for the handler", async () => {
      const [, served] = await chain("/away/2");
      assert.match(spanPath(served, spans), /^server GET.* > client POST > server POST \/things\/\{id\}$/);
    });

    test("errors are errors by the conventions: 4xx for the client, 5xx for both", async () => {
      const [missing, , failed, served] = [...(await chain("/to/missing")), ...(await chain("/to/fail"))];
      assert.ok(missing !== undefined && failed !== undefined && served !== undefined);
      assert.deepEqual(told(missing, ...request).slice(3), ["404", "404"]);
      assert.deepEqual(told(failed, ...request).slice(3), ["503", "503"]);
      assert.deepEqual(told(served, ...request).slice(3), ["503", "503"]);
      assert.deepEqual([missing.status?.code, failed.status?.code, served.status?.code], [2, 2, 2]);
    });

    test("a handler that panics resets its stream, and both sides say so", async () => {
      const [asked, served] = await chain("/to/panic");
      assert.deepEqual(told(asked, ...request).slice(3), ["", "INTERNAL_ERROR"]);
      assert.deepEqual(told(served, ...request).slice(3), ["", "INTERNAL_ERROR"]);
    });

    test("a client that gives up is told as such by both", async () => {
      const [asked, served] = await chain("/to/slow");
      assert.deepEqual(told(asked, ...request).slice(3), ["", "context.DeadlineExceeded"]);
      // A client that heard nothing at all may close the connection as well.
      assert.match(attributeOf(served, "error.type"), /^(CANCEL|connection_closed)$/);
      assert.equal(attributeOf(served, "http.response.status_code"), "");
    });

    test("all that was written counts", async () => {
      const [, served] = await chain("/to/big");
      assert.deepEqual(told(served, ...sizes), ["5", "100000"]);
    });

    test("a trace that comes with the headers is followed, and its state kept", async () => {
      const session = connect(`${tls ? "https" : "http"}://127.0.0.1:${services[0]?.port}`, {
        rejectUnauthorized: false,
      });
      const stream = session.request({
        ":path": "/things/9",
        traceparent,
        tracestate: "a=b",
        baggage: "k=v",
      });
      stream.resume();
      await once(stream, "close");
      session.close();
      const span = await eventually("its span", () =>
        spans.find((each) => attributeOf(each, "url.path") === "/things/9"),
      );
      assert.equal(span.traceId, traceparent.slice(3, 35));
      assert.equal(span.parentSpanId, traceparent.slice(36, 52));
      assert.deepEqual([span.traceState, attributeOf(span, "go3s.baggage")], ["a=b", "k=v"]);
    });

    test("nothing is told twice", async () => {
      await agent?.close();
      assert.equal(spans.length, 3 * pages + 1, spans.map((span) => spanPath(span, spans)).join("\n"));
      assert.deepEqual(agent?.report().dropped, {});
    });
  });
}
