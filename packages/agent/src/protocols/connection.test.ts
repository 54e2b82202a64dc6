import assert from "node:assert/strict";
import { test } from "node:test";
import { newConnection } from "./connection.js";
import { protocols } from "./protocols.js";
import { loadCapture } from "./testing/capture.js";

test("a request whose length was read by itself, as Kafka's brokers do, is recognised with what follows", () => {
  const names: string[] = [];
  const connection = newConnection({
    protocols,
    emit: ({ name }) => names.push(name),
    late: false,
    client: 1,
  });
  for (const { d, bytes, ns } of loadCapture("kafka-produce").chunks) {
    const direction = d === 0 ? 1 : 0;
    if (d === 0) connection.push(direction, bytes, 0, 4, 4, ns);
    const from = d === 0 ? 4 : 0;
    connection.push(direction, bytes, from, bytes.length, bytes.length - from, ns);
  }
  assert.equal(connection.report().protocol, "kafka");
  assert.deepEqual(names, [
    "ApiVersions",
    "Metadata",
    "send orders",
    "send orders",
    "send orders",
    "send orders",
  ]);
});
