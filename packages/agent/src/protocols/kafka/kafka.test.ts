import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
import { newShared, type WireExchange } from "../wire.js";
import { kafka } from "./kafka.js";
import { type Bytes, batchOf, i8, i16, i32, i64, list, string } from "./testing/messages.js";

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

/** fetched gives what is told of a fetch (version 4) of one partition that is answered with others. */
function fetched(
  topic: string,
  answers: readonly (readonly [topic: string, partition: number, batches: Bytes])[],
): WireExchange {
  const seen: WireExchange[] = [];
  const parser = kafka.open({ emit: (exchange) => seen.push(exchange), late: false, datagram: false });
  const push = (to: "request" | "response", body: Bytes): void => {
    const bytes = Uint8Array.from([...i32(body.length), ...body]);
    parser[to](bytes, 0, bytes.length, bytes.length, to === "request" ? 1 : 2);
  };
  const asked = list([[...i32(0), ...i64(0), ...i32(1 << 20)]], false);
  push("request", [
    ...[...i16(1), ...i16(4), ...i32(7), ...string("shop", false)],
    ...[...i32(-1), ...i32(500), ...i32(1), ...i32(1 << 20), ...i8(0)],
    ...list([[...string(topic, false), ...asked]], false),
  ]);
  const told = answers.map(([name, partition, batches]) => {
    const item = [
      ...i32(partition),
      ...i16(0),
      ...i64(9),
      ...i64(9),
      ...i32(0),
      ...i32(batches.length),
      ...batches,
    ];
    return [...string(name, false), ...list([item], false)];
  });
  push("response", [...i32(7), ...i32(0), ...list(told, false)]);
  assert.equal(seen.length, 1);
  return seen[0];
}

const destinationOf = ({ name, attributes }: WireExchange) => [
  name,
  attributes["messaging.destination.name"],
  attributes["messaging.destination.partition.id"],
  attributes["messaging.batch.message_count"],
];

test("what came is told, not what was asked for: a session's request names only what has changed", () => {
  const one = batchOf(0, [{ delta: 0 }]);
  assert.deepEqual(destinationOf(fetched("orders", [["orders", 0, one]])), ["poll orders", "orders", "0", 1]);
  assert.deepEqual(destinationOf(fetched("orders", [["bills", 3, one]])), ["poll bills", "bills", "3", 1]);
  const both = fetched("orders", [
    ["orders", 0, one],
    ["bills", 3, one],
  ]);
  assert.deepEqual(destinationOf(both), ["poll", undefined, undefined, 2]);
  assert.deepEqual(destinationOf(fetched("orders", [])), ["poll orders", "orders", "0", undefined]);
});

test("the offset of an only message is its own, though a batch is before it of which all were cleaned away", () => {
  const kept = fetched("orders", [
    ["orders", 0, [...batchOf(4, []), ...batchOf(5, [{ delta: 0, key: "k" }])]],
  ]);
  const { attributes } = kept;
  assert.deepEqual(
    [attributes["messaging.kafka.offset"], attributes["messaging.kafka.message.key"]],
    [5, "k"],
  );
});

test("an answer is not taken for a request to produce, though it begins like one; every request is known, in part too", () => {
  const asks = (bytes: Uint8Array, captured = bytes.length): number =>
    kafka.asks(bytes, 0, captured, bytes.length, false);
  for (const name of [...captures, "kafka-group", "kafka-modern-fetch"])
    for (const [i, { d, bytes }] of loadCapture(name).chunks.entries()) {
      assert.equal(asks(bytes) > 0, d === 0, `${name} ${i}`);
      for (let captured = 14; d === 0 && captured < bytes.length; captured++)
        assert.ok(asks(bytes, captured) > 0, `${name} ${i} ${captured}`);
    }
});
