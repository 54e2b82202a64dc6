import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
import { newShared, type WireExchange } from "../wire.js";
import { kafka } from "./kafka.js";

const client = (id: string) => ({ "messaging.system": "kafka", "messaging.client.id": id });
const shop = client("shop");
const billing = { ...shop, "messaging.consumer.group.name": "billing" };
const sent = (count: number, id = "shop") => ({
  ...client(id),
  "messaging.operation.name": "send",
  "messaging.operation.type": "send",
  "messaging.destination.name": "orders",
  "messaging.destination.partition.id": "0",
  "messaging.batch.message_count": count,
});

checkCapture(kafka, "kafka-produce", [
  ["ApiVersions", shop],
  ["Metadata", shop],
  ["send orders", sent(2)],
  ["send orders", sent(1)],
  ["send orders", sent(1)],
  ["send orders", sent(1)],
]);
checkCapture(kafka, "kafka-group", [
  ["ApiVersions", shop],
  ["Metadata", shop],
  ["FindCoordinator", shop, "COORDINATOR_NOT_AVAILABLE"],
  ["FindCoordinator", shop],
  ["JoinGroup", billing, "MEMBER_ID_REQUIRED"],
  ["JoinGroup", billing],
  ["Metadata", shop],
  ["SyncGroup", billing],
  ["OffsetFetch", billing],
  ["ListOffsets", shop],
  ["OffsetCommit", billing],
  ["LeaveGroup", billing],
]);
const polled = { "messaging.operation.type": "receive", "messaging.batch.message_count": 5 };
checkCapture(kafka, "kafka-fetch", [
  ["poll orders", { ...shop, ...polled, "messaging.destination.name": "orders" }],
]);
checkCapture(kafka, "kafka-modern-produce", [
  ["ApiVersions", client("modern")],
  ["Metadata", client("modern")],
  ["send orders", sent(1, "modern")],
  ["send orders", sent(3, "modern")],
]);
// Fetches of version 13 and newer name topics by number; whose numbers those are was said on another connection.
checkCapture(kafka, "kafka-modern-fetch", [
  ["poll", { ...client("modern"), ...polled, "go3s.wire.unknown": ["messaging.destination.name"] }],
  ["poll", client("modern")],
]);

test("a topic's number is known by name once a connection of the process was told it", () => {
  const shared = newShared();
  const seen: WireExchange[] = [];
  for (const name of ["kafka-modern-produce", "kafka-modern-fetch"]) {
    const parser = kafka.open({
      emit: (exchange) => seen.push(exchange),
      late: false,
      datagram: false,
      shared,
    });
    for (const { d, bytes, ns } of loadCapture(name).chunks)
      (d === 0 ? parser.request : parser.response)(bytes, 0, bytes.length, bytes.length, ns);
  }
  assert.equal(shared.kafkaTopics.size, 1);
  assert.deepEqual(
    seen.slice(-2).map(({ name }) => name),
    ["poll orders", "poll orders"],
  );
});

test("a produce request without acknowledgement is told when it was sent", () => {
  const third = replay(kafka, loadCapture("kafka-produce")).exchanges[4];
  assert.equal(third.responseBytes, 0);
  assert.equal(third.endNs, third.startNs);
});
