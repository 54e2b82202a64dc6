import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { attributeOf, newSpanCollector, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// It forks a process for each connection, which answers one request and is gone; the client waits for its answer alone.
const server = `
import os, signal, socket
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    if os.fork() == 0:
        listener.close()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
        os._exit(0)
    connection.close()
`;

test("what forked processes serve is told from their first byte, however short they live", {
  skip: whyNoPeer("python3"),
}, async () => {
  const forking = spawn("python3", ["-c", server], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(forking, "exit");
  const [line] = await once(forking.stdout, "data");
  const port = Number(String(line));
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({ selection: { ports: [port] }, exclude: [process.pid], exporter });
    for (let i = 0; i < 40; i++)
      assert.equal(await (await fetch(`http://127.0.0.1:${port}/${i}`)).text(), "ok");
    await eventually("all spans", () => spans.length >= 40);
    assert.deepEqual(
      spans.map((span) => attributeOf(span, "url.path")).sort(),
      Array.from({ length: 40 }, (_, i) => `/${i}`).sort(),
    );
    const report = agent.report();
    assert.deepEqual(report.dropped, {});
    await eventually(
      "only the parent to be left",
      () => agent?.report().processes.filter(({ watched }) => watched).length === 1,
    );
  } finally {
    forking.kill("SIGKILL");
    await exited;
    await agent?.close();
  }
});
