import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, ExportLogsServiceRequest, LogWriter } from "@go3s/telemetry";
import type { TcpEvent } from "../events/event.js";
import { Role } from "../events/layout.js";
import { newBatches } from "../export/batches.js";
import { openWallClock } from "../spans/clock.js";
import { encodedScope } from "../spans/resource.js";
import { newTcpLog } from "./tcp-log.js";

const memory = new Uint8Array(64);
memory.set([127, 0, 0, 1], 0);
memory.set([10, 0, 0, 7], 16);

const event: TcpEvent = {
  memory,
  role: Role.client,
  family: 2,
  tgid: 4711,
  ns: 5e9,
  startNs: 4e9,
  connectNs: 0,
  bytesSent: 10,
  bytesReceived: 20,
  localPort: 40_000,
  peerPort: 80,
  error: 104,
  state: 8,
  retransmits: 3,
  rttUs: 250,
  network: 0,
  localAddress: 0,
  peerAddress: 16,
  comm: 32,
};

test("a connection's end tells its state, round trip, retransmits and reason, and the pid of a process that is gone", () => {
  const told: ExportLogsServiceRequest[] = [];
  const batches = newBatches("logs", () => new LogWriter(), encodedScope, {
    send: (_signal, body) => void told.push(decodeProtobuf(ExportLogsServiceRequest, body)),
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  });
  const gone = { pid: 0, serviceName: "curl", resource: new Uint8Array() };
  const log = newTcpLog({
    batches,
    clock: openWallClock(),
    ownerOf: () => gone,
    peerOf: () => undefined,
    nameOf: () => "db.example",
  });
  log.close(event);
  batches.flush();
  const [record] = told[0]?.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
  assert.equal(
    record?.body?.stringValue,
    "connection closed 127.0.0.1:40000 -> 10.0.0.7:80: 10 B sent, 20 B received, 3 retransmits, ECONNRESET",
  );
  const of = (key: string): unknown => {
    const value = record.attributes.find((each) => each.key === key)?.value;
    return value?.stringValue ?? value?.intValue;
  };
  assert.deepEqual(
    [
      "server.address",
      "network.connection.state",
      "go3s.tcp.rtt_ns",
      "go3s.tcp.retransmits",
      "process.pid",
      "error.type",
    ].map(of),
    ["db.example", "close_wait", 250_000n, 3n, 4711n, "ECONNRESET"],
  );
});
