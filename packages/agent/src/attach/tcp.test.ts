import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { listening } from "../testing/listening.js";
import { newRecorder, type Recorder } from "../testing/recorder.js";
import { eventually } from "../testing/wait.js";
import { openKernelObserver } from "./observer.js";
import type { KernelObserver } from "./observer-types.js";

const skip = process.getuid?.() === 0 ? false : "needs root to load probes";

describe("lives of TCP connections", { skip }, () => {
  let recorder: Recorder;
  let observer: KernelObserver;

  before(async () => {
    recorder = newRecorder();
    observer = await openKernelObserver({ sink: recorder.sink });
  });
  after(() => observer.close());

  for (const [host, local] of [
    ["127.0.0.1", "127.0.0.1"],
    ["::1", `${"0".repeat(31)}1`],
  ] as const) {
    test(`both ends of a connection to ${host} are told, with their bytes`, async () => {
      const server = createServer((socket) => socket.on("data", () => socket.end("seven 7")));
      const port = await listening(server, host);
      const socket = connect({ host, port });
      socket.write("hello");
      socket.resume();
      await once(socket, "close");
      server.close();
      const of = (kind: "open" | "close", role: 0 | 1) =>
        eventually(`${kind} ${role}`, () =>
          recorder.tcp.find(
            (each) =>
              each.kind === kind &&
              each.role === role &&
              (role === 1 ? each.peerPort : each.localPort) === port,
          ),
        );
      const client = await of("open", 1);
      assert.equal(client.tgid, process.pid);
      assert.equal(client.local, local);
      assert.equal(client.peer, local);
      assert.ok(client.connectNs > 0);
      assert.equal(client.error, 0);
      assert.ok(client.comm.length > 0);
      const accepted = await of("open", 0);
      assert.equal(accepted.tgid, process.pid, "the listener's process");
      assert.equal(accepted.peerPort, client.localPort);
      const closed = await of("close", 1);
      assert.equal(closed.localPort, client.localPort);
      assert.deepEqual([closed.bytesSent, closed.bytesReceived], [5, 7]);
      assert.ok(closed.durationNs > 0);
      const served = await of("close", 0);
      assert.deepEqual([served.bytesSent, served.bytesReceived], [7, 5]);
    });
  }

  test("a refused connection is told with its error", async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await once(server, "close");
    const socket = connect({ host: "127.0.0.1", port });
    await once(socket, "error");
    const told = await eventually("the refusal", () =>
      recorder.tcp.find((each) => each.peerPort === port && each.role === 1),
    );
    assert.deepEqual([told.kind, told.tgid, told.error], ["open", process.pid, 111]);
  });
});
