import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { attributeOf, newSpanCollector, prepareProgram, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

const service = `
const server = require("node:http2").createServer((request, response) => {
  request.resume();
  const isKnown = request.url.startsWith("/orders");
  response.writeHead(isKnown ? 200 : 404, { "content-type": "text/plain" });
  response.end("x".repeat(isKnown ? 8000 : 5));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const client = (port: number, asks: string) => `
const session = require("node:http2").connect("http://127.0.0.1:${port}");
const ask = (path, more) => new Promise((resolve, reject) => {
  const stream = session.request({ ":path": path, ...more });
  stream.on("error", reject);
  stream.resume();
  stream.on("end", resolve);
  stream.end();
});
(async () => {
  ${asks}
  session.close();
})();
`;

/** observed runs a service and its client, and gives the spans of both. */
async function observed(
  asks: string,
  act: (spans: readonly Span[], agent: Agent) => Promise<void>,
): Promise<void> {
  const server = spawn(process.execPath, ["-e", service], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(server, "exit");
  const [line] = await once(server.stdout, "data");
  const port = Number(String(line));
  const program = prepareProgram([process.execPath, "-e", client(port, asks)]);
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [server.pid ?? 0, program.pid] },
      exclude: [process.pid],
      exporter,
    });
    assert.equal(await program.run(), "");
    await act(spans, agent);
  } finally {
    program.stop();
    server.kill("SIGKILL");
    await exited;
    await agent?.close();
  }
}

const severalAsks = `
  await ask("/orders/1?full=1");
  await Promise.all([ask("/orders/2"), ask("/nowhere"), ask("/orders/3", { traceparent: "${traceparent}", tracestate: ["a=b", "c=d"], baggage: "k=v" })]);
`;

test("HTTP/2 in plain text is told on both sides, stream by stream", { skip: whyNoPeer() }, () =>
  observed(severalAsks, async (spans, agent) => {
    const of = (kind: number) =>
      spans
        .filter((span) => span.kind === kind)
        .map((span) =>
          [
            span.name,
            attributeOf(span, "url.path"),
            attributeOf(span, "http.response.status_code"),
            attributeOf(span, "http.response.body.size"),
            attributeOf(span, "error.type"),
          ].join(" "),
        )
        .sort();
    await eventually("all spans", () => spans.length >= 8);
    const wanted = ["/orders/1 200 8000 ", "/orders/2 200 8000 ", "/orders/3 200 8000 "].map(
      (r) => `GET ${r}`,
    );
    assert.deepEqual(of(2), ["GET /nowhere 404 5 ", ...wanted]);
    assert.deepEqual(of(3), ["GET /nowhere 404 5 404", ...wanted]);
    const traced = spans.filter((span) => attributeOf(span, "url.path") === "/orders/3");
    for (const span of traced) {
      assert.equal(span.traceId, traceparent.slice(3, 35));
      assert.equal(span.parentSpanId, traceparent.slice(36, 52));
      assert.deepEqual([span.traceState, attributeOf(span, "go3s.baggage")], ["a=b,c=d", "k=v"]);
    }
    // The others are joined by the connection and the stream.
    for (const served of spans.filter(({ kind }) => kind === 2)) {
      const path = attributeOf(served, "url.path");
      if (path === "/orders/3") continue;
      const asked = spans.find((span) => span.kind === 3 && attributeOf(span, "url.path") === path);
      assert.deepEqual([served.traceId, served.parentSpanId], [asked?.traceId, asked?.spanId]);
    }
    assert.deepEqual(agent.report().dropped, {});
  }),
);

const manyAsks = `await Promise.all(Array.from({ length: 90 }, (_, i) => ask("/nowhere/" + i)));`;

test("requests of one write are all told, each in a buffer of its own", { skip: whyNoPeer() }, () =>
  observed(manyAsks, async (spans, agent) => {
    const of = (kind: number) =>
      new Set(
        spans
          .filter((span) => span.kind === kind && attributeOf(span, "go3s.wire.doubt") === "")
          .map((span) => attributeOf(span, "url.path")),
      );
    await eventually("all spans", () => spans.length >= 180);
    assert.deepEqual([of(2).size, of(3).size], [90, 90]);
    const asked = new Set(spans.filter(({ kind }) => kind === 3).map(({ spanId }) => spanId));
    for (const { kind, parentSpanId } of spans) if (kind === 2) assert.ok(asked.has(parentSpanId ?? ""));
    assert.deepEqual(agent.report().dropped, {});
  }),
);
