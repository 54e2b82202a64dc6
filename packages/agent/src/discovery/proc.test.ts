import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { listening } from "../testing/listening.js";
import { listPids, parseStat, readProcess } from "./proc.js";
import { formatAddress, listeningPorts, parseTcpLine, readTcpSockets } from "./sockets.js";

test("this process is in the list, with its own facts", () => {
  assert.ok(listPids().includes(process.pid));
  const facts = readProcess(process.pid) ?? assert.fail("no facts");
  assert.equal(facts.executable, process.execPath);
  assert.equal(facts.parent, process.ppid);
  assert.ok(facts.startTicks > 0);
  assert.ok(facts.environment.has("PATH"));
});

test("a process that is not there is no error", () => {
  assert.equal(readProcess(2 ** 22 + 1), undefined);
});

test("a command name with spaces and parentheses does not shift the fields of stat", () => {
  const text = "42 (a) b) c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2";
  assert.deepEqual(parseStat(text), { parent: 1, startTicks: 98765, stack: 0 });
});

test("a listening port is found for the process that listens", async () => {
  const server = createServer();
  const port = await listening(server);
  try {
    assert.ok(listeningPorts(process.pid).includes(port));
    const own = readTcpSockets("self").find((socket) => socket.localPort === port);
    assert.equal(own?.localAddress, "127.0.0.1");
  } finally {
    server.close();
  }
});

test("rows of /proc/net/tcp and tcp6 are read in the kernel's byte order", () => {
  const v4 =
    "   0: 0100007F:1F90 0200007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4711 1";
  assert.deepEqual(parseTcpLine(v4, 4), {
    family: 4,
    localAddress: "127.0.0.1",
    localPort: 8080,
    peerAddress: "127.0.0.2",
    peerPort: 50000,
    state: 1,
    inode: 4711,
  });
  const v6 =
    "   1: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:0051 0A 0 0 0 0 0 9";
  const socket = parseTcpLine(v6, 6);
  assert.equal(socket?.localAddress, "::1");
  assert.equal(socket?.peerAddress, "127.0.0.1");
  assert.equal(parseTcpLine("garbage", 4), undefined);
});

test("addresses are written as RFC 5952 has them", () => {
  const of = (text: string) => formatAddress(Uint8Array.from(Buffer.from(text.replaceAll(":", ""), "hex")));
  assert.equal(of("20010db8:00000000:00010000:00000001"), "2001:db8::1:0:0:1");
  assert.equal(of("20010db8:00000001:00010001:00010001"), "2001:db8:0:1:1:1:1:1");
  assert.equal(of("00000000:00000000:00000000:00000000"), "::");
});
