import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { loadCapture } from "../protocols/testing/capture.js";
import {
  type BuiltProgram,
  buildGoFiles,
  type RunningService,
  whyNoLiveTests,
} from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import { libraryFiles } from "../testing/library-service.go.js";
import { attributeOf, newSpanCollector, type SpanCollector } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

/** answering starts a server that says the same to everything. */
async function answering(answer: Uint8Array): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => socket.write(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe("what Go libraries do for a handler", { skip: whyNoLiveTests() ?? false }, () => {
  let redis: Awaited<ReturnType<typeof answering>>;
  let broker: Awaited<ReturnType<typeof answering>>;
  let program: BuiltProgram;
  let service: RunningService;
  let collected: SpanCollector;
  let agent: Agent;

  before(async () => {
    const { chunks } = loadCapture("kafka-produce");
    // The third that the client says is its first request to produce.
    const at = chunks.findIndex(
      ({ d }, i) => d === 0 && chunks.slice(0, i).filter((chunk) => chunk.d === 0).length === 2,
    );
    const [request, answer] = [chunks[at], chunks[at + 1]];
    assert.ok(request !== undefined && answer !== undefined);
    redis = await answering(Buffer.from("$-1\r\n"));
    broker = await answering(answer.bytes);
    program = buildGoFiles(libraryFiles);
    service = await program.start({
      REDIS: `127.0.0.1:${redis.port}`,
      KAFKA: `127.0.0.1:${broker.port}`,
      PRODUCE: Buffer.from(request.bytes).toString("base64"),
    });
    collected = newSpanCollector();
    agent = await startAgent({
      selection: { pids: [service.pid] },
      exclude: [process.pid],
      exporter: collected.exporter,
    });
  });
  after(async () => {
    await agent?.close();
    await service?.stop();
    program?.remove();
    redis?.close();
    broker?.close();
  });

  const spanOf = (path: string, query = ""): Promise<Span> =>
    eventually(`the span of ${path}`, () =>
      collected.spans.find(
        (span) => attributeOf(span, "url.path") === path && attributeOf(span, "url.query") === query,
      ),
    );
  const ask = async (path: string): Promise<void> => {
    const client = newClient(service.port, false);
    await client.get(path);
    client.close();
  };

  const routes = [
    ["/gin/users/7", "/gin/users/:id"],
    // Of net/http's own pattern where the router has none.
    ["/gin/else", "/gin/"],
    ["/chi/v1/users/7", "/chi/v1/users/{id}"],
    ["/mux/users/7", "/mux/users/{id:[0-9]+}"],
    ["/restful/users/7", "/restful/users/{id}"],
    // Another goroutine serves it.
    ["/timed/7", "/timed/{id}"],
  ] as const;

  test("routers' routes are told: a string, one behind a pointer, patterns of routers within routers", async () => {
    for (const [path, route] of routes) {
      await ask(path);
      assert.equal(attributeOf(await spanOf(path), "http.route"), route);
    }
  });

  test("so are those of requests by HTTP/2", async () => {
    const session = connect(`http://127.0.0.1:${service.port}`);
    for (const [path, route] of routes) {
      const stream = session.request({ ":path": `${path}?2` });
      stream.resume();
      await once(stream, "end");
      assert.equal(attributeOf(await spanOf(path, "2"), "http.route"), route);
    }
    session.close();
  });

  test("messages are sent by their handler, whichever goroutine writes them, and fail with it", async () => {
    for (const query of ["", "two"]) {
      await ask(query === "" ? "/send" : `/send?${query}`);
      const request = await spanOf("/send", query);
      const send = await eventually("the producer's span", () =>
        collected.spans.find((span) => span.parentSpanId === request.spanId && span.kind === 4),
      );
      const wire = await eventually("what was written", () =>
        collected.spans.find((span) => span.parentSpanId === send.spanId),
      );
      assert.equal(send.name, "send orders");
      assert.equal(send.traceId, request.traceId);
      assert.deepEqual(
        [
          "messaging.destination.name",
          "messaging.destination.partition.id",
          "messaging.batch.message_count",
          "server.port",
          "error.type",
        ].map((name) => attributeOf(send, name)),
        query === ""
          ? ["orders", "0", "", String(broker.port), ""]
          : ["orders", "0", "2", String(broker.port), "*errors.errorString"],
      );
      assert.deepEqual([wire.name, wire.kind], ["send orders", 3]);
      assert.equal(attributeOf(wire, "messaging.batch.message_count"), "2");
    }
  });

  test("what is sent for a request that sampling leaves out is left out, too, whoever writes it", async () => {
    const sends = (): Span[] => collected.spans.filter((span) => span.name === "send orders");
    const before = sends().length;
    agent.setSampling({ share: 0 });
    for (let i = 0; i < 5; i++) await ask("/send?left");
    agent.setSampling({ share: 1 });
    await ask("/send?told");
    const request = await spanOf("/send", "told");
    await eventually("both of its spans", () => (sends().length >= before + 2 ? true : undefined));
    assert.deepEqual(
      sends()
        .slice(before)
        .map(({ traceId }) => traceId),
      [request.traceId, request.traceId],
    );
  });

  const messages = (): Span[] => collected.spans.filter((span) => span.name === "process orders");
  /** taken delivers a message and gives its span, which ends when the next one is asked for. */
  const taken = async (query: string): Promise<Span> => {
    const before = messages().length;
    await ask(`/deliver?${query}`);
    return eventually(`the message of ${query}`, () => messages()[before]);
  };

  test("a message that is taken is served by its goroutine until it asks for the next, and what is done for it is its child", async () => {
    // It was asked for before the agent came: whose reader that was nobody saw.
    const first = await taken("by=poll");
    assert.deepEqual([first.kind, attributeOf(first, "messaging.consumer.group.name")], [5, ""]);
    for (const by of ["own", "child"]) {
      const message = await taken(`by=${by}`);
      const asked = await eventually(`what ${by} asked`, () =>
        collected.spans.find((span) => span.parentSpanId === message.spanId),
      );
      assert.deepEqual([asked.kind, asked.traceId], [3, message.traceId]);
      assert.deepEqual([message.kind, message.parentSpanId], [5, ""]);
      assert.deepEqual(
        Object.fromEntries(
          message.attributes
            .filter(({ key }) => key.startsWith("messaging."))
            .map(({ key }) => [key, attributeOf(message, key)]),
        ),
        {
          "messaging.system": "kafka",
          "messaging.operation.name": "process",
          "messaging.operation.type": "process",
          "messaging.destination.name": "orders",
          "messaging.destination.partition.id": "2",
          "messaging.consumer.group.name": "shop",
          "messaging.kafka.offset": String(2 ** 40 + (by === "own" ? 1 : 2)),
          "messaging.kafka.message.key": "k1",
          "messaging.message.body.size": String(by.length),
        },
      );
    }
  });

  test("what a reader's own goroutine asks is nobody's, though who takes the messages started it", async () => {
    const polls = (): Span[] => collected.spans.filter((span) => span.name === "PING");
    for (const [to, count] of [
      ["first", 4],
      ["late", 6],
      ["late", 8],
    ] as const) {
      await taken(`by=poll&to=${to}`);
      await eventually(`what the ${to} reader asked`, () => (polls().length === count ? true : undefined));
      assert.deepEqual(
        polls().map(({ parentSpanId }) => parentSpanId),
        polls().map(() => ""),
      );
    }
  });

  test("a message is the child of the context in its headers, and what could not be taken is none", async () => {
    const [trace, span] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
    await ask("/deliver?by=");
    const message = await taken(`by=own&trace=00-${trace}-${span}-01`);
    assert.deepEqual([message.traceId, message.parentSpanId], [trace, span]);
    assert.equal(
      messages().filter((each) => attributeOf(each, "messaging.message.body.size") === "0").length,
      0,
    );
  });

  test("workers of a consumer are not of the message that it takes while they work for another", async () => {
    await taken("by=pool");
    const second = await taken("by=pool");
    const asked = (): number =>
      collected.spans.filter((span) => span.kind === 3 && span.startTimeUnixNano > second.startTimeUnixNano)
        .length;
    await eventually("what the worker asked", () => (asked() > 0 ? true : undefined));
    assert.equal(collected.spans.filter((span) => span.parentSpanId === second.spanId).length, 0);
  });

  test("a goroutine that serves many is nobody's: not even of the request that started it once", async () => {
    const [first, second] = [newClient(service.port, true), newClient(service.port, true)];
    try {
      await first.get("/pool");
      const holding = first.get("/hold");
      await second.get("/pool?release");
      await holding;
    } finally {
      first.close();
      second.close();
    }
    const started = await spanOf("/pool");
    const held = await spanOf("/hold");
    const gets = await eventually("both questions", () => {
      const found = collected.spans.filter(
        (span) => span.name === "GET" && attributeOf(span, "db.system.name") === "redis",
      );
      return found.length >= 2 ? found : undefined;
    });
    assert.equal(gets.filter((span) => span.parentSpanId === held.spanId).length, 0);
    assert.ok(gets.every((span) => span.parentSpanId === "" || span.parentSpanId === started.spanId));
  });
});
