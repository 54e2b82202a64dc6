import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { attributeOf, newSpanCollector, prepareProgram, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

const backend = `
const server = require("node:http").createServer((request, response) => setTimeout(() => response.end("ok"), 3));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

// It asks somebody for itself, too, while nobody asks it for anything.
const front = (port: string) => `
const http = require("node:http");
const agent = new http.Agent({ keepAlive: true });
const ask = (path) => new Promise((resolve, reject) =>
  http.get({ port: ${port}, host: "127.0.0.1", path, agent }, (answer) => answer.resume().on("end", resolve)).on("error", reject));
const server = require("node:http2").createServer(async (request, response) => {
  request.resume();
  await ask("/first" + request.url);
  await ask("/second" + request.url);
  response.end("done");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

const client = (port: string, together = 10) => `
const session = require("node:http2").connect("http://127.0.0.1:${port}");
const ask = (path) => new Promise((resolve, reject) => {
  const stream = session.request({ ":path": path });
  stream.on("error", reject).resume().on("end", resolve);
  stream.end();
});
(async () => {
  for (let i = 0; i < ${together === 0 ? 60 : 20}; i++) await ask("/alone" + i);
  for (let i = 0; i < ${together}; i++) await Promise.all(Array.from({ length: 6 }, (_, j) => ask("/together" + (6 * i + j))));
  session.close();
})();
`;

async function started(program: string): Promise<{ pid: number; port: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const [line] = await once(child.stdout, "data");
  return {
    pid: child.pid ?? 0,
    port: String(line).trim(),
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** parentPath is the path of the span that a span's parent is, "" for none. */
function parentPath(spans: readonly Span[], { traceId, parentSpanId }: Span): string {
  const parent = spans.find((span) => span.spanId === parentSpanId && span.traceId === traceId);
  return parent === undefined ? "" : String(attributeOf(parent, "url.path"));
}

test("what a program that is not Go's does for a request by HTTP/2 is its child, when it serves a single one", {
  skip: whyNoPeer(),
}, async (t) => {
  const behind = await started(backend);
  const server = await started(front(behind.port));
  const program = prepareProgram([process.execPath, "-e", client(server.port)]);
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [behind.pid, server.pid, program.pid] },
      exclude: [process.pid],
      exporter,
    });
    assert.equal(await program.run(), "");
    // 80 requests, each told by its client and its server, as are the two that are made for it.
    await eventually("all spans", () => spans.length >= 480);
    const counts = { right: 0, none: 0, wrong: 0 };
    for (const span of spans) {
      const [, which, own] = /^\/(first|second)(\/.*)$/.exec(String(attributeOf(span, "url.path"))) ?? [];
      if (which === undefined || span.kind !== 3) continue;
      const path = parentPath(spans, span);
      const verdict = path === own ? "right" : path === "" ? "none" : "wrong";
      counts[verdict]++;
      if (own?.startsWith("/alone")) assert.equal(path, own, `${which} of ${own}`);
    }
    assert.equal(counts.wrong, 0);
    assert.equal(counts.right + counts.none, 160);
    // One trace from the client to the backend.
    for (const root of spans) {
      if (root.kind !== 3 || !String(attributeOf(root, "url.path")).startsWith("/alone")) continue;
      const trace = spans.filter(({ traceId }) => traceId === root.traceId);
      assert.equal(trace.length, 6);
      assert.deepEqual(
        trace.filter((span) => parentPath(spans, span) === ""),
        [root],
      );
    }
    t.diagnostic(JSON.stringify(counts));
  } finally {
    program.stop();
    await behind.stop();
    await server.stop();
    await agent?.close();
  }
});

test("with sampling a trace through HTTP/2 is told whole or not at all, and what was left out is counted", {
  skip: whyNoPeer(),
}, async (t) => {
  const behind = await started(backend);
  const server = await started(front(behind.port));
  const program = prepareProgram([process.execPath, "-e", client(server.port, 0)]);
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [behind.pid, server.pid, program.pid] },
      exclude: [process.pid],
      exporter,
      sampling: { share: 0.5 },
    });
    assert.equal(await program.run(), "");
    await agent.close();
    const traces = new Map<string, Span[]>();
    for (const span of spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
    // 60 traces of 6 spans each; six standard deviations of 3.9.
    assert.ok(traces.size > 7 && traces.size < 53, `${traces.size} of 60`);
    const parts = [...traces.values()].filter((trace) => trace.length !== 6);
    // A server may have read a request before its client's write was told; then each decides alone.
    assert.ok(
      parts.length < traces.size * 0.2,
      JSON.stringify(parts.map((trace) => trace.map(({ name }) => name))),
    );
    for (const { traceState } of spans) assert.equal(traceState, "ot=th:8");
    const { untold } = agent.report().sampling;
    const served = spans.filter(({ kind }) => kind === 2).length;
    assert.ok(Math.abs(untold + served - 180) <= 4, `${untold} and ${served} of 180`);
    t.diagnostic(`${traces.size} traces, ${parts.length} in part`);
  } finally {
    program.stop();
    await behind.stop();
    await server.stop();
    await agent?.close();
  }
});
