import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { decodeProtobuf, ExportMetricsServiceRequest, type Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoModule,
} from "../testing/go-service.js";
import { grpcSource } from "../testing/grpc-service.go.js";
import { newClient } from "../testing/http-client.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { spanPath } from "../testing/span-tree.js";
import { eventually } from "../testing/wait.js";

// The one that Go 1.25 and older can build as well.
const module = "google.golang.org/grpc@v1.77.0";
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const skip = whyNoModule(module);

describe("gRPC of Go programs by its library's functions", { skip }, () => {
  let program: BuiltProgram;
  let agent: Agent | undefined;
  const services: RunningService[] = [];
  const { spans, exporter } = newSpanCollector();
  const lost: string[] = [];
  const measured = new Set<string>();
  const keepMetrics = (body: Uint8Array): void => {
    for (const group of decodeProtobuf(ExportMetricsServiceRequest, body).resourceMetrics)
      for (const metric of group.scopeMetrics.flatMap((scope) => scope.metrics))
        for (const { attributes, exemplars } of metric.exponentialHistogram?.dataPoints ?? []) {
          const isTold = spans.some(({ spanId }) => spanId === exemplars[0]?.spanId);
          const values = attributes.map(({ value }) => value?.stringValue);
          if (isTold) measured.add([metric.name, ...values].join(" "));
        }
  };

  const call = async (method: string): Promise<string> => {
    const client = newClient(services[2]?.port ?? 0, false);
    const { body } = await client.get(`/call/${method}`);
    client.close();
    return body;
  };
  const since = (first: number, kind: number, name: string) =>
    spans.slice(first).find((span) => span.kind === kind && span.name === name);

  /** both makes a call and gives its client's span and its server's. */
  const both = async (method: string): Promise<readonly [Span, Span]> => {
    const first = spans.length;
    const body = await call(method);
    const name = `shop.Orders/${method.replace(/\?.*/, "")}`;
    return await eventually(`the spans of ${name}, which answered ${body}`, () => {
      const asked = since(first, 3, name);
      const served = since(first, 2, name);
      return asked !== undefined && served !== undefined && ([asked, served] as const);
    });
  };
  const outcome = (span: Span) => [
    attributeOf(span, "rpc.response.status_code"),
    attributeOf(span, "error.type"),
    span.status?.code ?? 0,
    span.status?.message ?? "",
  ];

  before(async () => {
    program = buildGoService(grpcSource, ["-mod=mod", "-ldflags=-s -w"], [module]);
    const stock = await program.start({});
    const orders = await program.start({ NEXT: `127.0.0.1:${stock.port}` });
    const front = await program.start({ ROLE: "client", NEXT: `127.0.0.1:${orders.port}` });
    services.push(stock, orders, front);
    // Connections from before: what HPACK's tables hide from the wire, the library has.
    await call("Get");
    agent = await startAgent({
      selection: { pids: services.map(({ pid }) => pid) },
      exclude: [process.pid],
      exporter: {
        ...exporter,
        send(signal, body, ...more) {
          exporter.send(signal, body, ...more);
          if (signal === "metrics") keepMetrics(body);
        },
      },
      onAttached: (attached) => lost.push(...attached.lost),
    });
  });

  after(async () => {
    await agent?.close();
    for (const service of services) await service.stop();
    program.remove();
  });

  test("nothing is lost to the probes", () => assert.deepEqual(lost, []));

  test("a chain of calls down to a query is one trace, each call one span on either side", async () => {
    for (const method of ["Get", "Away"]) {
      const first = spans.length;
      await call(method);
      const query = await eventually("the query", () => since(first, 3, "SELECT stock"));
      const all = await eventually("the chain", () => {
        const found = spans.slice(first);
        return found.length >= 6 && found;
      });
      assert.equal(
        // HTTP/1's route is not the matter here.
        spanPath(query, all).replace("GET /call/{method}", "GET"),
        [
          "server GET",
          `client shop.Orders/${method}`,
          `server shop.Orders/${method}`,
          "client shop.Stock/Get",
          "server shop.Stock/Get",
          "client SELECT stock",
        ].join(" > "),
      );
      assert.equal(all.length, 6, all.map((span) => spanPath(span, all)).join("\n"));
      assert.equal(new Set(all.map((span) => span.traceId)).size, 1);
    }
  });

  test("a call says its method, status and addresses", async () => {
    const [asked, served] = await both("Get");
    for (const span of [asked, served]) {
      assert.equal(attributeOf(span, "rpc.system.name"), "grpc");
      assert.equal(attributeOf(span, "rpc.method"), "shop.Orders/Get");
      assert.deepEqual(outcome(span), ["OK", "", 0, ""]);
      assert.equal(attributeOf(span, "server.port"), String(services[1]?.port));
    }
    assert.equal(attributeOf(asked, "network.peer.port"), String(services[1]?.port));
    assert.equal(attributeOf(served, "client.address"), "127.0.0.1");
    assert.equal(attributeOf(served, "network.peer.address"), "127.0.0.1");
  });

  test("errors are the caller's; the server's only where they are its own", async () => {
    const [missing, found] = await both("Missing");
    assert.deepEqual(outcome(missing), ["NOT_FOUND", "NOT_FOUND", 2, "no such order"]);
    assert.deepEqual(outcome(found), ["NOT_FOUND", "", 0, ""]);
    for (const span of await both("Broken"))
      assert.deepEqual(outcome(span), ["UNKNOWN", "UNKNOWN", 2, "broken"]);
    for (const span of await both("Nope"))
      assert.deepEqual(outcome(span).slice(0, 2), ["UNIMPLEMENTED", "UNIMPLEMENTED"]);
  });

  test("streams of either side are one span with their duration", async () => {
    for (const method of ["List", "Put", "Chat"]) {
      const [asked, served] = await both(method);
      for (const span of [asked, served]) assert.deepEqual(outcome(span), ["OK", "", 0, ""], method);
      assert.equal(served.parentSpanId, asked.spanId);
      // Five messages, two milliseconds behind each.
      const took = served.endTimeUnixNano - served.startTimeUnixNano;
      if (method === "List") assert.ok(took >= 10_000_000n, `${took} ns`);
    }
  });

  test("a call whose deadline passes is cancelled for its server", async () => {
    const [asked, served] = await both("Slow");
    assert.deepEqual(outcome(asked).slice(0, 3), ["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", 2]);
    assert.match(outcome(served).join(), /^(CANCELLED,,0,|DEADLINE_EXCEEDED,DEADLINE_EXCEEDED,2,)/);
  });

  test("a trace that the caller's code sends is followed", async () => {
    const [, served] = await both(`Get?trace=${traceparent}`);
    assert.equal(served.traceId, traceparent.slice(3, 35));
    assert.equal(served.parentSpanId, traceparent.slice(36, 52));
    assert.deepEqual([served.traceState, attributeOf(served, "go3s.baggage")], ["a=b", "k=v"]);
  });

  test("calls are measured by method and status, with the slowest's trace", async () => {
    await both("Get");
    const wanted = ["client", "server"].map((side) => `rpc.${side}.call.duration grpc shop.Orders/Get OK`);
    await eventually("durations of calls", () => wanted.every((each) => measured.has(each)));
  });

  test("a call by a Unix socket is told once on either side, without addresses of TCP", async () => {
    const socket = join(mkdtempSync(join(tmpdir(), "go3s-grpc-")), "s");
    const local = await program.start({ SOCKET: socket });
    const asker = await program.start({ ROLE: "client", NEXT: `unix:${socket}` });
    const two = await startAgent({
      selection: { pids: [local.pid, asker.pid] },
      exclude: [process.pid],
      exporter,
    });
    const first = spans.length;
    const client = newClient(asker.port, false);
    for (let n = 0; n < 3; n++) await client.get("/call/Missing");
    client.close();
    const calls = () => spans.slice(first).filter(({ name }) => name === "shop.Orders/Missing");
    await eventually("the calls", () => calls().length >= 6);
    await two.close();
    for (const service of [local, asker]) await service.stop();
    rmSync(dirname(socket), { recursive: true });
    assert.deepEqual(
      calls()
        .map(({ kind }) => kind)
        .sort(),
      [2, 2, 2, 3, 3, 3],
    );
    for (const span of calls()) {
      assert.equal(attributeOf(span, "network.peer.port"), "");
      assert.equal(attributeOf(span, "server.port"), "");
    }
  });

  test("nobody to call is an error of the call's", async () => {
    const first = spans.length;
    await services[1]?.stop();
    await call("Get");
    const asked = await eventually("the call", () => since(first, 3, "shop.Orders/Get"));
    assert.deepEqual(outcome(asked).slice(0, 3), ["UNAVAILABLE", "UNAVAILABLE", 2]);
    assert.deepEqual(agent?.report().dropped, {});
  });
});
