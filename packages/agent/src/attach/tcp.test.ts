import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { listening } from "../testing/listening.js";
import { newRecorder, type Recorder } from "../testing/recorder.js";
import { eventually } from "../testing/wait.js";
import { openKernelObserver } from "./observer.js";
import type { KernelObserver } from "./observer-types.js";

const synSent = 2;
const lastAck = 9;
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
      // The server ended it: its end waited for the client's, the client's for the last acknowledgement.
      assert.equal(closed.state, lastAck);
      assert.ok([closed, served].every(({ rttUs, retransmits }) => rttUs > 0 && retransmits === 0));
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

  test("a connection that is reset is told with why", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const port = await listening(server);
    const socket = connect({ host: "127.0.0.1", port });
    socket.write("x");
    await once(socket, "error");
    server.close();
    const told = await eventually("the close", () =>
      recorder.tcp.find((each) => each.kind === "close" && each.peerPort === port && each.role === 1),
    );
    assert.equal(told.error, 104);
  });

  test("what is sent again is counted: the handshake with one who takes no more connections", async () => {
    // Two wait to be accepted, more find no room: the kernel drops what they begin with.
    const deaf = `const server = require("net").createServer().listen(0, "127.0.0.1", 1, () => {
      process.stdout.write(String(server.address().port));
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
    });`;
    const child = spawn(process.execPath, ["-e", deaf], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [text] = await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, 500));
      const sockets = Array.from({ length: 6 }, () => connect(Number(String(text)), "127.0.0.1"));
      for (const socket of sockets) socket.on("error", () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      for (const socket of sockets) socket.destroy();
      const told = await eventually("a connect that was given up", () =>
        recorder.tcp.find((each) => each.peerPort === Number(String(text)) && each.error !== 0),
      );
      assert.equal(told.state, synSent);
      assert.ok(told.retransmits >= 1, String(told.retransmits));
    } finally {
      child.kill("SIGKILL");
    }
  });
});
