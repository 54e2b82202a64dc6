import assert from "node:assert/strict";
import { connect } from "node:http2";
import { Agent as HttpsAgent } from "node:https";
import { after, before, describe, test } from "node:test";
import { goOffsets, openGoBinary } from "@go3s/binary";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
  whyNoToolchain,
} from "../testing/go-service.js";
import { askSecurely } from "../testing/https-client.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { tlsSource } from "../testing/tls-service.go.js";
import { eventually } from "../testing/wait.js";
import { goTls, tlsStructs } from "./go-tls.js";

const kind = { server: 2, client: 3 } as const;

const described = (span: Span): string =>
  ["http.request.method", "url.path", "http.response.status_code", "http.response.body.size"]
    .map((name) => attributeOf(span, name))
    .join(" ");

/** observe watches the service, with one connection open before; `paths` go over it and over another one. */
async function observe(service: RunningService, version: string): Promise<void> {
  const { spans, exporter } = newSpanCollector();
  const early = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
  const later = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
  const lost: string[] = [];
  let agent: Agent | undefined;
  try {
    assert.equal(await askSecurely(early, service.port, "/leaf/0"), "leaf 0");
    agent = await startAgent({
      selection: { pids: [service.pid] },
      exclude: [process.pid],
      exporter,
      onAttached: (attached) => lost.push(...attached.lost),
      onLost: (_, more) => lost.push(...more),
    });
    for (const client of [early, later]) {
      assert.equal((await askSecurely(client, service.port, "/stream/xxxx")).length, 4 * 32_768);
      assert.equal(await askSecurely(client, service.port, "/leaf/7?full=1"), "leaf 7");
      assert.equal((await askSecurely(client, service.port, "/large")).length, 200_000);
      assert.equal(await askSecurely(client, service.port, "/echo", "y".repeat(70_000)), "70000");
    }
    for (const id of [1, 2, 3, 4])
      assert.equal(await askSecurely(later, service.port, `/call/${id}`), `leaf ${id}`);
    await eventually("all spans", () => spans.length >= 8 + 3 * 4);
    const of = (side: number, path: string) =>
      spans.filter((span) => span.kind === side && attributeOf(span, "url.path").startsWith(path));
    assert.deepEqual(of(kind.server, "/leaf/7").map(described), Array(2).fill("GET /leaf/7 200 6"));
    assert.deepEqual(of(kind.server, "/large").map(described), Array(2).fill("GET /large 200 200000"));
    assert.deepEqual(of(kind.server, "/echo").map(described), Array(2).fill("POST /echo 201 5"));
    // In four chunks, each with its size in hexadecimal and two line ends; the end is not counted.
    const streamed = 4 * (4 + 2 + 32_768 + 2);
    assert.deepEqual(
      of(kind.server, "/stream").map(described),
      Array(2).fill(`GET /stream/xxxx 200 ${streamed}`),
    );
    for (const span of of(kind.server, "/echo"))
      assert.equal(attributeOf(span, "http.request.body.size"), "70000");
    for (const span of spans) {
      assert.equal(attributeOf(span, "url.scheme"), "https");
      assert.equal(attributeOf(span, "tls.protocol.version"), version);
      assert.equal(attributeOf(span, "server.port"), String(service.port));
      assert.equal(span.endTimeUnixNano > span.startTimeUnixNano, true);
      assert.equal(attributeOf(span, "network.peer.address"), "127.0.0.1");
      assert.equal(attributeOf(span, "client.address"), span.kind === kind.server ? "127.0.0.1" : "");
    }
    for (const id of [1, 2, 3, 4]) {
      const [call, ...others] = of(kind.server, `/call/${id}`);
      const [client, ...moreClients] = of(kind.client, `/leaf/${id}`);
      const [leaf, ...moreLeaves] = of(kind.server, `/leaf/${id}`);
      assert.deepEqual([others.length, moreClients.length, moreLeaves.length], [0, 0, 0], `/call/${id}`);
      assert.equal(client?.parentSpanId, call?.spanId, `parent of the request that /call/${id} makes`);
      assert.equal(client?.traceId, call?.traceId);
      // The first request of a connection may share a read with the end of its handshake.
      if (id === 1) continue;
      assert.equal(leaf?.parentSpanId, client?.spanId, `parent of /leaf/${id}, by the connection`);
    }
    assert.deepEqual(agent.report().dropped, {});
    assert.deepEqual(
      lost.filter((each) => each.includes("TLS")),
      [],
    );
  } finally {
    early.destroy();
    later.destroy();
    await agent?.close();
  }
}

describe("a Go program's HTTPS", { skip: whyNoLiveTests() ?? false }, () => {
  let plain: BuiltProgram;
  let stripped: BuiltProgram;
  before(() => {
    plain = buildGoService(tlsSource);
    stripped = buildGoService(tlsSource, ["-ldflags=-s -w", "-buildmode=pie"]);
  });
  after(() => {
    plain.remove();
    stripped.remove();
  });

  const live = async (program: BuiltProgram, env: Record<string, string>, version: string) => {
    const service = await program.start(env);
    try {
      await observe(service, version);
    } finally {
      await service.stop();
    }
  };

  test("is told on both sides, over connections that were open before too", () => live(plain, {}, "1.3"));

  test("is told of a stripped, movable program, by TLS 1.2, over wrapped connections as well", () =>
    live(stripped, { TLS: "1.2", WRAP: "1" }, "1.2"));

  test("is told once when it is HTTP/2, whoever tells it", async () => {
    const service = await plain.start({ HTTP2: "1" });
    const { spans, exporter } = newSpanCollector();
    const client = connect(`https://127.0.0.1:${service.port}`, { rejectUnauthorized: false });
    const get = async (path: string): Promise<string> => {
      const stream = client.request({ ":path": path });
      stream.setEncoding("latin1").end();
      let text = "";
      for await (const piece of stream) text += String(piece);
      return text;
    };
    let agent: Agent | undefined;
    try {
      agent = await startAgent({ selection: { pids: [service.pid] }, exclude: [process.pid], exporter });
      const paths = ["/leaf/7", "/large", "/call/2", "/leaf/8"];
      for (const path of paths) assert.match(await get(path), /^(leaf \d|x{200000})$/);
      const described = (side: number) =>
        spans
          .filter((span) => span.kind === side)
          .map((span) => attributeOf(span, "url.path"))
          .sort();
      await eventually("all spans", () => spans.length >= 6);
      assert.equal(await get("/leaf/9"), "leaf 9");
      // What is told twice is so by the time that what came later is told.
      await eventually("the last span", () => described(kind.server).includes("/leaf/9"));
      assert.deepEqual(described(kind.server), [...paths, "/leaf/2", "/leaf/9"].sort());
      assert.equal(described(kind.client).length, 1);
    } finally {
      client.destroy();
      await agent?.close();
      await service.stop();
    }
  });

  test("is told where the stack ends at memory that nobody has used", async () => {
    // A large stack is memory of its own, and behind it is what the heap has not touched yet.
    const service = await plain.start({});
    const { spans, exporter } = newSpanCollector();
    let agent: Agent | undefined;
    try {
      agent = await startAgent({ selection: { pids: [service.pid] }, exclude: [process.pid], exporter });
      for (const _ of [1, 2, 3]) {
        const client = new HttpsAgent();
        assert.equal(await askSecurely(client, service.port, "/deep"), "deep");
        client.destroy();
      }
      await eventually("all spans", () => spans.length >= 3);
      assert.match(spans.map(described).join(), /^(GET \/deep 200 4,?){3}$/);
    } finally {
      await agent?.close();
      await service.stop();
    }
  });

  test("is told where another goroutine writes what was encrypted, once that is found out", async () => {
    const service = await plain.start({ WRAP: "apart" });
    const { spans, exporter } = newSpanCollector();
    const client = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
    let agent: Agent | undefined;
    try {
      agent = await startAgent({ selection: { pids: [service.pid] }, exclude: [process.pid], exporter });
      let asked = 0;
      // The agent looks once a second.
      while (!spans.some((span) => attributeOf(span, "http.response.status_code") === "200")) {
        assert.ok(++asked < 6000, "none of 6,000 requests was told");
        assert.equal(await askSecurely(client, service.port, `/leaf/${asked}`), `leaf ${asked}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.ok(asked > 16, `${asked} requests`);
    } finally {
      client.destroy();
      await agent?.close();
      await service.stop();
    }
  });

  test("has its places, by debug information and by the table alike", () => {
    using one = openGoBinary(plain.path);
    using other = openGoBinary(stripped.path);
    const [by, without] = [one, other].map((binary) => goTls(binary, goOffsets(binary, tlsStructs), true));
    assert.deepEqual(by?.lost, []);
    assert.deepEqual(
      by?.sites.map(({ program }) => program),
      ["goRead", "goWrite"],
    );
    assert.deepEqual(
      without?.sites.map(({ cookie }) => cookie),
      by?.sites.map(({ cookie }) => cookie),
    );
    // Code that can be moved needs more registers, and so may need more of the stack.
    for (const writes of [by?.writes, without?.writes]) {
      assert.equal(writes?.returns.length, 2);
      assert.ok(writes.frame % 8 === 0 && writes.frame > 0);
    }
  });

  test("is said to be lost where arguments are on the stack, and where nothing is known", () => {
    using binary = openGoBinary(plain.path);
    const offsets = goOffsets(binary, tlsStructs);
    assert.match(goTls(binary, offsets, false).lost.join(), /before 1\.17/);
    const nobody = { ...offsets, of: () => undefined };
    assert.match(goTls(binary, nobody, true).lost.join(), /offset of crypto\/tls\.Conn\.conn/);
  });
});

for (const version of ["go1.18.10", "go1.22.12"]) {
  test(`HTTPS of a program by ${version} is told`, { skip: whyNoToolchain(version) }, async () => {
    const program = buildGoService(tlsSource, ["-ldflags=-s -w"], [], version);
    try {
      const service = await program.start({});
      try {
        await observe(service, "1.3");
      } finally {
        await service.stop();
      }
    } finally {
      program.remove();
    }
  });
}
