import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// As application servers behind a proxy: one has a length, one is chunked, one lasts until it closes the connection.
const server = `
require("node:http").createServer((req, res) => {
  req.resume();
  if (req.url === "/length") res.end("with a length");
  else if (req.url === "/chunks") { res.write("one"); res.end("two"); }
  else { res.socket.write("HTTP/1.0 200 OK\\r\\n\\r\\nuntil"); setTimeout(() => res.socket.end(), 20); }
}).listen(process.argv[1], () => console.log("ready"));
`;
// Without an agent of connections each request has its own, as a proxy's.
const client = `
const http = require("node:http");
process.stdin.once("data", async () => {
  for (const path of ["/length", "/chunks", "/close"])
    await new Promise((done) => http.get({ socketPath: process.argv[1], path, agent: false, headers: { host: "shop" } }, (res) => res.resume().on("end", done)));
  console.log("done");
  setTimeout(() => {}, 60_000);
});
`;

const start = (source: string, ...args: string[]): ChildProcess =>
  spawn(process.execPath, ["-e", source, ...args], { stdio: ["pipe", "pipe", "inherit"] });

const described = (span: Span): string =>
  ["url.path", "http.response.status_code", "http.response.body.size", "server.address", "network.transport"]
    .map((name) => attributeOf(span, name))
    .join(" ");

test("HTTP by Unix sockets is told on both sides", {
  skip: process.getuid?.() === 0 ? false : "needs root to load BPF programs",
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-unix-"));
  const path = join(folder, "socket");
  const serving = start(server, path);
  await once(serving.stdout ?? assert.fail(), "data");
  const asking = start(client, path);
  const { exporter, spans } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [serving.pid ?? 0, asking.pid ?? 0] },
      exclude: [process.pid],
      exporter,
    });
    asking.stdin?.write("go\n");
    await once(asking.stdout ?? assert.fail(), "data");
    const of = (kind: number) => spans.filter((span) => span.kind === kind).map(described);
    await eventually("all spans", () => of(3).length >= 3 && of(2).length >= 3);
    // The last answer lasts until the server closes the connection, which its reader tells.
    const wanted = ["/length 200 13 shop unix", "/chunks 200 21 shop unix", "/close 200 5 shop unix"];
    assert.deepEqual(of(3), wanted);
    assert.deepEqual(of(2), wanted);
    for (const { endTimeUnixNano, startTimeUnixNano } of spans)
      assert.ok(endTimeUnixNano > startTimeUnixNano && endTimeUnixNano - startTimeUnixNano < 10n ** 10n);
    assert.deepEqual(agent.report().dropped, {});
  } finally {
    for (const child of [serving, asking]) child.kill();
    await agent?.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
