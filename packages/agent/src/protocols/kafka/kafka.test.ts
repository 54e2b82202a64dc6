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

const of = (count: number) => ({
  ...shop,
  "messaging.operation.name": "send",
  "messaging.destination.name": "bills",
  "messaging.batch.message_count": count,
});
const inPartition = (index: number) => ({ "messaging.destination.partition.id": String(index) });

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
checkCapture(kafka, "kafka-traced-produce", [
  ["ApiVersions", shop],
  ["Metadata", shop],
  [
    "send bills",
    { ...of(1), "messaging.kafka.message.key": "paid", "messaging.kafka.offset": 0, ...inPartition(0) },
  ],
  ["send bills", of(4)],
  ["send bills", { ...of(1), "messaging.kafka.offset": 1, ...inPartition(1) }],
]);
checkCapture(kafka, "kafka-traced-fetch", [
  ["poll bills", { "messaging.batch.message_count": 6, "messaging.destination.name": "bills" }],
  ["poll bills", shop],
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
  [
    "poll",
    {
      ...client("modern"),
      ...polled,
      "messaging.batch.message_count": 9,
      "go3s.wire.unknown": ["messaging.destination.name"],
    },
  ],
  ["poll", client("modern")],
]);

const captures = [
  "kafka-produce",
  "kafka-fetch",
  "kafka-modern-produce",
  "kafka-traced-produce",
  "kafka-traced-fetch",
];
const messagesOf = (name: string, limit?: number) =>
  replay(kafka, loadCapture(name), limit === undefined ? {} : { limit }).exchanges.map(
    ({ startNs, messages = [] }) => ({ startNs, messages }),
  );
const rows = (name: string) =>
  messagesOf(name).flatMap(({ messages }) =>
    messages.map(({ topic, partition, first, count, contexts }) =>
      [topic, partition, first, count, ...contexts.map(({ traceparent }) => traceparent[3])].join(" "),
    ),
  );

test("messages are told with their offsets, and the contexts that those carry that are not compressed", () => {
  // The third is sent without an acknowledgement: nobody tells where it came to stand.
  assert.deepEqual(rows("kafka-produce"), ["orders 0 0 2", "orders 0 2 1", "orders 0 -1 1", "orders 0 4 1"]);
  assert.deepEqual(rows("kafka-fetch"), ["orders 0 0 2", "orders 0 2 1", "orders 0 3 1", "orders 0 4 1"]);
  assert.deepEqual(rows("kafka-modern-produce"), ["orders 0 5 1", "orders 0 6 3"]);
  const produced = ["bills 0 0 1 1", "bills 0 1 3 2 2", "bills 1 0 1 3", "bills 1 1 1"];
  assert.deepEqual(rows("kafka-traced-produce"), produced);
  assert.deepEqual(rows("kafka-traced-fetch").sort(), produced);
});

test("of messages that were captured in part less is said, and nothing else", () => {
  for (const name of captures) {
    const whole = messagesOf(name);
    for (let limit = 1; limit < 500; limit++)
      for (const { startNs, messages } of messagesOf(name, limit)) {
        const all = whole.find((each) => each.startNs === startNs)?.messages ?? [];
        for (const [i, { contexts, ...part }] of messages.entries()) {
          const { contexts: allContexts, first, ...rest } = all[i] ?? assert.fail(`${name} ${limit}`);
          assert.deepEqual(part, { ...rest, first: part.first === -1 ? -1 : first }, `${name} ${limit}`);
          assert.deepEqual(contexts, allContexts.slice(0, contexts.length), `${name} ${limit}`);
        }
      }
  }
});

test("a topic's number is known by name once another connection was told it", () => {
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
