import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { Btf, BtfKind, readObject } from "@go3s/bpf";
import { decodeProtobuf, ExportMetricsServiceRequest } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import { connectionProbes } from "../probes/compile.js";
import { linesOf } from "../testing/lines.js";
import { attributeOf, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";
import { listeningPorts } from "./connection-figures.js";
import { openConnections, rowLayout } from "./connection-rows.js";

const skip = whyNoPeer("python3");

// A pool's connection: a request and an answer every 20 ms. The other process, which is not watched, loses a third of the packets that
// come to it from its second line of input on: a socket's filter (SO_ATTACH_FILTER) sees them before TCP does.
const answering = `
import ctypes, socket, struct, sys, threading
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
conn = server.accept()[0]
def lose():
    sys.stdin.readline()
    load_random, is_two_thirds, drop, keep = (0x20, 0, 0, 0xfffff038), (0x35, 1, 0, 0x55555555), (0x06, 0, 0, 0), (0x06, 0, 0, 0xffffffff)
    code = b"".join(struct.pack("HBBI", *each) for each in (load_random, is_two_thirds, drop, keep))
    held = ctypes.create_string_buffer(code)
    conn.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HP", 4, ctypes.addressof(held)))
    print("losing", flush=True)
threading.Thread(target=lose, daemon=True).start()
while True:
    if not conn.recv(100): break
    conn.sendall(b"pong")
`;
const asking = (port: number): string => `
import socket, time
conn = socket.create_connection(("127.0.0.1", ${port}))
print("connected", flush=True)
while True:
    conn.sendall(b"ping")
    conn.recv(100)
    time.sleep(0.02)
`;

test("a row is laid out as the probe has it", { skip }, () => {
  const { btf } = readObject(connectionProbes.object());
  assert.ok(btf !== undefined);
  const types = new Btf(btf);
  const type = types.type(types.findOne("Row", BtfKind.STRUCT) ?? 0);
  assert.ok(type.kind === "struct");
  const { size, ...fields } = rowLayout;
  assert.equal(size, type.size);
  for (const [field, at] of Object.entries(fields)) {
    const member: { readonly bitOffset: number } | undefined = type.members.find(
      (each) => each.name.toLowerCase() === field,
    );
    assert.equal(at, (member?.bitOffset ?? -8) / 8, field);
  }
});

test("of a process that is gone there is nothing", { skip }, () => {
  const connections = openConnections();
  assert.deepEqual(connections.of(4_000_000), []);
  connections.close();
});

test("a port that is listened on by MPTCP is the server's, as Go's net has it since 1.24", {
  skip,
}, async () => {
  // 262 is IPPROTO_MPTCP; a kernel without it refuses, as Go's net finds out, too.
  const script = `
import socket, sys
try: server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
except OSError: server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
client = socket.create_connection(server.getsockname())
taken = server.accept()[0]
print(server.getsockname()[1], flush=True)
sys.stdin.readline()`;
  const child = spawn("python3", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  const connections = openConnections();
  try {
    const port = Number(await linesOf(child).next());
    const rows = connections.of(child.pid ?? 0);
    assert.deepEqual([...listeningPorts(rows)], [port]);
    assert.equal(rows.filter(({ localPort, state }) => localPort === port && state === 1).length, 1);
  } finally {
    connections.close();
    child.kill("SIGKILL");
  }
});

test("a connection from before that goes on is told with what it sends again and how long its round trips take", {
  skip,
}, async () => {
  const server = spawn("python3", ["-c", answering], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = linesOf(server);
  const port = Number(await lines.next());
  const client = spawn("python3", ["-c", asking(port)], { stdio: ["ignore", "pipe", "inherit"] });
  const told = new Map<string, number>();
  try {
    await linesOf(client).next();
    const agent = await startAgent({
      selection: { pids: [client.pid ?? 0] },
      exclude: [process.pid],
      exporter: {
        send(signal, body) {
          if (signal !== "metrics") return;
          for (const { scopeMetrics } of decodeProtobuf(ExportMetricsServiceRequest, body).resourceMetrics)
            for (const { name, sum, exponentialHistogram } of scopeMetrics.flatMap((each) => each.metrics))
              for (const point of [...(sum?.dataPoints ?? []), ...(exponentialHistogram?.dataPoints ?? [])]) {
                if (!name.startsWith("go3s.tcp.")) continue;
                assert.equal(attributeOf(point, "server.address"), "127.0.0.1");
                assert.equal(attributeOf(point, "server.port"), String(port));
                told.set(name, Number("count" in point ? point.count : (point.asInt ?? 0n)));
              }
        },
        stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
        close: async () => undefined,
      },
    });
    try {
      await eventually("the connection", () => told.get("go3s.tcp.connections") === 1);
      assert.equal(told.get("go3s.tcp.retransmits"), 0);
      server.stdin.write("\n");
      assert.equal(await lines.next(), "losing");
      await eventually("segments sent again", () => (told.get("go3s.tcp.retransmits") ?? 0) >= 3);
      assert.ok((told.get("go3s.tcp.rtt") ?? 0) >= 1);
      assert.deepEqual(agent.report().missing, []);
    } finally {
      await agent.close();
    }
  } finally {
    for (const child of [client, server]) child.kill("SIGKILL");
  }
});
