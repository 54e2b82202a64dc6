import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
import { amqp } from "./amqp.js";

const rabbit = { "messaging.system": "rabbitmq" };
const at = (destination: string, size?: number) => ({
  ...rabbit,
  "messaging.destination.name": destination,
  ...(size === undefined ? {} : { "messaging.message.body.size": size }),
});
const tag = (n: number) => ({
  "messaging.operation.type": "settle",
  "messaging.rabbitmq.message.delivery_tag": n,
});

checkCapture(amqp, "amqp", [
  ["channel.open", rabbit],
  ["exchange.declare", at("shop")],
  ["queue.declare", at("orders")],
  ["queue.bind", at("orders")],
  [
    "publish shop",
    { ...at("shop:order.new", 10), "messaging.rabbitmq.destination.routing_key": "order.new" },
  ],
  ["publish shop", { ...at("shop:order.paid", 3000), "messaging.operation.type": "send" }],
  ["publish orders", at("orders", 6)],
  ["basic.get orders", { ...at("orders", 10), "messaging.batch.message_count": 1 }],
  ["ack", tag(1)],
  ["basic.consume", at("orders")],
  ["deliver shop", { ...at("shop:order.paid", 3000), "messaging.operation.type": "receive" }],
  ["deliver orders", at("orders", 6)],
  ["ack", tag(2)],
  ["ack", tag(3)],
  ["basic.cancel", rabbit],
  ["basic.get orders", { ...at("orders"), "messaging.batch.message_count": 0 }],
  ["channel.close", rabbit],
  ["channel.open", rabbit],
  ["confirm.select", rabbit],
  ["publish shop", at("shop:order.sure", 4)],
  ["channel.close", rabbit],
  ["channel.open", rabbit],
  ["queue.declare", at("no-such-queue"), "404"],
]);

test("a published message carries its trace context, and waits for its confirmation where there is one", () => {
  const { exchanges } = replay(amqp, loadCapture("amqp"));
  assert.equal(exchanges[4].traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  assert.equal(exchanges[4].responseBytes, 0);
  const confirmed = exchanges[19];
  assert.ok(confirmed.firstByteNs > confirmed.startNs && confirmed.responseBytes > 0);
});
