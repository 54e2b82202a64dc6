import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { decodeProtobuf, ExportLogsServiceRequest } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { attributeOf, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// It listens on a port that the other one has, too, and connects to itself when it is told to.
const program = `
const net = require("node:net");
const server = net.createServer((socket) => socket.end("x")).listen(18080, "127.0.0.1", () => console.log("up"));
process.stdin.on("data", () => net.connect(18080, "127.0.0.1").resume().on("close", () => console.log("done")));
`;

async function started(name: string) {
  const child = spawn(
    "unshare",
    ["-n", "sh", "-c", 'ip link set lo up && exec "$0" -e "$1"', process.execPath, program],
    { env: { ...process.env, OTEL_SERVICE_NAME: name }, stdio: ["pipe", "pipe", "inherit"] },
  );
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  return {
    async connect() {
      child.stdin.write("x");
      await once(child.stdout, "data");
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

test("who listens on a port is known by its network namespace, whether it listened before the agent came or not", {
  skip: whyNoPeer("unshare", "ip"),
}, async () => {
  const told: string[] = [];
  const services = [await started("net-a"), await started("net-b")];
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { names: ["net-*"] },
      exclude: [process.pid],
      exporter: {
        send(signal, body) {
          if (signal !== "logs") return;
          for (const { resource, scopeLogs } of decodeProtobuf(ExportLogsServiceRequest, body).resourceLogs)
            for (const record of scopeLogs.flatMap(({ logRecords }) => logRecords)) {
              const name = attributeOf({ attributes: resource?.attributes ?? [] }, "service.name");
              if (record.eventName === "tcp.connect" && name.startsWith("net-"))
                told.push(
                  `${name} ${attributeOf(record, "go3s.tcp.role")} ${attributeOf(record, "peer.service")}`,
                );
            }
        },
        stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
        close: async () => undefined,
      },
    });
    services.push(await started("net-c"));
    for (const service of services) {
      await service.connect();
      // Who listens is looked for every two seconds at most.
      await new Promise((resolve) => setTimeout(resolve, 2100));
    }
    const expected = ["net-a", "net-b", "net-c"].flatMap((name) => [
      `${name} client ${name}`,
      `${name} server `,
    ]);
    await eventually("all connections", () => told.length >= expected.length);
    assert.deepEqual([...told].sort(), expected);
  } finally {
    for (const service of services) await service.stop();
    await agent?.close();
  }
});
