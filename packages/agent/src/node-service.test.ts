import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent as HttpAgent, request } from "node:http";
import { test } from "node:test";
import { startAgent } from "./agent.js";
import type { Agent } from "./agent-types.js";
import { attributeOf, newSpanCollector } from "./testing/live-peers.js";

// A Node server writes its answers in several buffers (writev), chunked or whole; /c sends one in two writes.
const source = `
const server = require("node:http").createServer((req, res) => {
  req.resume();
  if (req.url === "/a") { res.writeHead(200, { "content-type": "text/plain" }); res.end("chunked, at once"); }
  else if (req.url === "/b") res.end("with a length");
  else { res.write("one"); setTimeout(() => res.end("two"), 5); }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

function get(port: number, path: string, agent: HttpAgent): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, agent }, (response) => {
      response.resume();
      response.once("end", resolve);
    });
    call.once("error", reject);
    call.end();
  });
}

const skip = process.getuid?.() === 0 ? false : "needs root to load BPF programs";

test("every request on a kept connection to a Node server is told while the connection is open", {
  skip,
}, async () => {
  const child = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { exporter, spans } = newSpanCollector();
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 });
  let observer: Agent | undefined;
  try {
    observer = await startAgent({
      selection: { pids: [child.pid ?? 0] },
      exclude: [process.pid],
      exporter,
    });
    const paths = ["/a", "/b", "/c"].flatMap((path) => Array.from({ length: 5 }, () => path));
    for (const path of paths) await get(Number(line.toString()), path, agent);
    for (let i = 0; i < 100 && spans.length < paths.length; i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const told = spans.map((span) => attributeOf(span, "url.path"));
    assert.deepEqual(told.sort(), paths);
    for (const span of spans) assert.ok(span.endTimeUnixNano > span.startTimeUnixNano);
    assert.deepEqual(observer.report().dropped, {});
  } finally {
    agent.destroy();
    child.kill();
    await observer?.close();
  }
});
