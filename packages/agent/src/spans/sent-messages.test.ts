import assert from "node:assert/strict";
import { test } from "node:test";
import { newExchange, type WireExchange } from "../protocols/wire.js";
import { newCall } from "./calls.js";
import { newProcessSpans } from "./process-spans.js";
import { newRouteTable } from "./routes.js";
import { addAnswered, addSent, isPartOf, startSent, topicOf } from "./sent-messages.js";

const process = newProcessSpans({
  tgid: 7,
  serviceName: "shop",
  resource: new Uint8Array(0),
  routes: newRouteTable(),
});

/** call is one of so many messages, whose first, or all, are of a topic. */
function call(text: string, type: number, mayVary: boolean) {
  const made = { ...newCall(process), text, type };
  startSent(made.sent, mayVary);
  return made;
}

/** request is what went over the wire: so many messages to a topic's partition, "" for several. */
function request(
  topic: string,
  partition: string,
  count: number,
  more: Readonly<Record<string, string | number>> = {},
): WireExchange {
  const exchange = newExchange("kafka", 1);
  if (topic !== "") exchange.attributes["messaging.destination.name"] = topic;
  if (partition !== "") exchange.attributes["messaging.destination.partition.id"] = partition;
  Object.assign(exchange.attributes, more);
  exchange.messages = [{ topic, partition: 0, print: "", first: -1, count, contexts: [] }];
  return exchange;
}

test("a batch names a topic and a partition that all its messages have, and no other", () => {
  const rows = [
    [[request("orders", "0", 2), request("orders", "1", 1)], "orders", true],
    [[request("orders", "0", 3)], "orders", false],
    [[request("orders", "0", 2), request("bills", "0", 1)], "", false],
    // In one request.
    [[request("", "", 3)], "", true],
    // Some were not seen: of another topic, perhaps.
    [[request("orders", "0", 2)], "", false],
    [[request("bills", "0", 3)], "", false],
    [[], "", false],
  ] as const;
  for (const [requests, topic, partitionVaries] of rows) {
    const made = call("orders", 3, true);
    for (const each of requests) addSent(made, each, true);
    assert.deepEqual([topicOf(made), made.sent.partitionVaries], [topic, partitionVaries]);
  }
});

test("a topic that the call says itself stays, whatever is seen", () => {
  const made = call("orders", 3, false);
  assert.equal(topicOf(made), "orders");
  addSent(made, request("", "", 3), false);
  assert.equal(topicOf(made), "orders");
});

test("what may be another call's says nothing of this one", () => {
  const made = call("orders", 2, true);
  addSent(made, request("orders", "0", 2), false);
  assert.deepEqual([topicOf(made), made.sent.partitionVaries], ["", true]);
});

test("of a call of which nobody knows how many messages it has, all that was seen is of one topic", () => {
  const made = call("", 0, true);
  addSent(made, request("orders", "0", 2), true);
  assert.equal(topicOf(made), "orders");
});

test("key and offset are told of an only message", () => {
  const only = { "messaging.kafka.message.key": "k1" };
  const answered = { ...only, "messaging.kafka.offset": 7 };
  const [one, two] = [call("orders", 1, false), call("orders", 2, false)];
  for (const made of [one, two]) {
    addSent(made, request("orders", "0", 1, only), true);
    addAnswered(made, request("orders", "0", 1, answered), true);
  }
  assert.deepEqual([one.sent.key, one.sent.offset], ["k1", 7]);
  assert.deepEqual([two.sent.key, two.sent.offset], ["", -1]);
  const failed = request("orders", "0", 1, only);
  failed.error = "NOT_LEADER_OR_FOLLOWER";
  addAnswered(one, failed, true);
  assert.equal(one.code, "NOT_LEADER_OR_FOLLOWER");
});

test("a request is part of a call when others must have the rest", () => {
  const part = request("orders", "0", 2);
  assert.equal(isPartOf(call("orders", 3, true), part), true);
  // A writer's own topic: its batches are the call's.
  assert.equal(isPartOf(call("orders", 3, false), part), false);
  assert.equal(isPartOf(call("orders", 2, true), part), false);
  assert.equal(isPartOf(call("", 0, true), part), false);
});
