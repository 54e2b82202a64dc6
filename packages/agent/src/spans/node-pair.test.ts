import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest, type Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import type { Exporter } from "../export/exporter.js";
import { whyNoLiveTests } from "../testing/go-service.js";
import { eventually } from "../testing/wait.js";

const server = `
const server = require("node:http").createServer((req, res) => { req.resume(); res.end(req.url); });
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;
// Many requests over few kept connections, then each over its own; it begins when it is told to.
const client = `
const { Agent, get } = require("node:http");
const send = (agent, path) => new Promise((done, fail) =>
  get({ host: "127.0.0.1", port: process.argv[1], path, agent }, (res) => { res.resume(); res.on("end", done); }).on("error", fail));
console.log("ready");
process.stdin.once("data", async () => {
  const kept = new Agent({ keepAlive: true, maxSockets: 4 });
  await Promise.all(Array.from({ length: 200 }, (_, i) => send(kept, "/kept/" + i)));
  const fresh = new Agent({ keepAlive: false, maxSockets: 4 });
  await Promise.all(Array.from({ length: 40 }, (_, i) => send(fresh, "/fresh/" + i)));
  console.log("done");
});
`;

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const [line] = await once(createInterface(child.stdout), "line");
  return String(line);
}

const pathOf = (span: Span): string =>
  span.attributes.find(({ key }) => key === "url.path")?.value?.stringValue ?? "";

test("a Node server's spans follow those of its Node client without any header, each its own", {
  skip: whyNoLiveTests() ?? false,
}, async () => {
  const spans: Span[] = [];
  const exporter: Exporter = {
    send(signal, body) {
      if (signal !== "traces") return;
      for (const group of decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans) {
        for (const scope of group.scopeSpans) spans.push(...scope.spans);
      }
    },
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  };
  const serving = spawn(process.execPath, ["-e", server], { stdio: ["ignore", "pipe", "inherit"] });
  let calling: ChildProcess | undefined;
  let agent: Agent | undefined;
  try {
    const port = await firstLine(serving);
    calling = spawn(process.execPath, ["-e", client, port], { stdio: ["pipe", "pipe", "inherit"] });
    await firstLine(calling);
    const pids = [serving.pid ?? 0, calling.pid ?? 0];
    agent = await startAgent({ selection: { pids }, exclude: [], exporter, metrics: false });
    calling.stdin?.write("go\n");
    await firstLine(calling);
    await eventually("480 spans", () => spans.length >= 480);
    assert.equal(spans.length, 480);
    const clients = new Map(spans.filter(({ kind }) => kind === 3).map((span) => [pathOf(span), span]));
    assert.equal(clients.size, 240);
    for (const span of spans.filter(({ kind }) => kind === 2)) {
      const caller = clients.get(pathOf(span));
      assert.deepEqual([span.traceId, span.parentSpanId], [caller?.traceId, caller?.spanId], pathOf(span));
    }
  } finally {
    serving.kill();
    calling?.kill();
    await agent?.close();
  }
});
