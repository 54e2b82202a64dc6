import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import { eventually } from "../testing/wait.js";

test("a service that starts among hundreds of short-lived processes is seen from its first request on", {
  skip: whyNoLiveTests() ?? false,
}, async () => {
  const program = buildGoService();
  const attached: number[] = [];
  const agent = await startAgent({
    selection: { names: [`among-${process.pid}`] },
    exclude: [process.pid],
    metrics: false,
    exporter: {
      send: () => undefined,
      stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
      close: async () => undefined,
    },
    onAttached: ({ pid }) => attached.push(pid),
  });
  const storm = spawn("sh", ["-c", "i=0; while [ $i -lt 600 ]; do /bin/true; i=$((i+1)); done"]);
  const over = once(storm, "exit");
  const service = await program.start({ OTEL_SERVICE_NAME: `among-${process.pid}` });
  try {
    const client = newClient(service.port, true);
    for (let i = 1; i <= 20; i++) await client.get(`/users/${i}`);
    client.close();
    await over;
    await eventually("20 spans", () => agent.report().spans === 20);
    assert.deepEqual(attached, [service.pid]);
    assert.deepEqual(agent.report().dropped, {});
    const watched = agent.report().processes.filter((each) => each.watched);
    assert.deepEqual(
      watched.map(({ pid }) => pid),
      [service.pid],
    );
  } finally {
    storm.kill();
    await agent.close();
    await service.stop();
    program.remove();
  }
});
