import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canObserve } from "../../testing/go-service.js";
import { runCli } from "../../testing/running-go3s.js";
import { openPacketFiles } from "./packet-files.js";

let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "go3s-packets-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("a capture file has its header once, then each packet with its time and lengths", () => {
  const file = join(folder, "two.pcap");
  const files = openPacketFiles();
  files.write(file, 1_700_000_000_000_000_123n, new Uint8Array([1, 2, 3]), 60);
  files.write(file, 1_700_000_001_500_000_000n, new Uint8Array([4]), 1);
  files.close();
  const bytes = readFileSync(file);
  assert.equal(bytes.length, 24 + 16 + 3 + 16 + 1);
  assert.deepEqual([bytes.readUInt32LE(0), bytes.readUInt32LE(20)], [0xa1b23c4d, 1]);
  const words = [24, 28, 32, 36].map((at) => bytes.readUInt32LE(at));
  assert.deepEqual(words, [1_700_000_000, 123, 3, 60]);
  assert.deepEqual([...bytes.subarray(40, 43)], [1, 2, 3]);
  assert.equal(bytes.readUInt32LE(43 + 4), 500_000_000);
});

test("skboutput writes the packets that a probe sees", {
  skip: canObserve ? false : "needs root",
}, async () => {
  const file = join(folder, "seen.pcap");
  const text = `go3s-${process.pid}-datagram`;
  const send = join(folder, "send.mjs");
  writeFileSync(
    send,
    `import { createSocket } from "node:dgram";
     const socket = createSocket("udp4");
     for (let i = 0; i < 5; i++) await new Promise((done) => socket.send("${text}", 9, "127.0.0.1", done));
     socket.close();`,
  );
  const script = `rawtracepoint:netif_receive_skb { skboutput("${file}", (struct sk_buff *)arg0, 200, 0); }`;
  const { code, stderr } = await runCli([
    "bpftrace",
    "-q",
    "-c",
    `${process.execPath} ${send}`,
    "-e",
    script,
  ]);
  assert.equal(code, 0, stderr);
  const bytes = readFileSync(file);
  assert.equal(bytes.readUInt32LE(0), 0xa1b23c4d);
  assert.ok(bytes.includes(text), "the datagram is in the file");
});
