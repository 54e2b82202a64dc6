import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
import { newShared, type WireExchange } from "../wire.js";
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

test("what was published to an exchange that is not there has the reply code of its channel's close", () => {
  const told: WireExchange[] = [];
  const parser = amqp.open({
    emit: (exchange) => void told.push(exchange),
    late: false,
    datagram: false,
    shared: newShared(),
  });
  const frame = (type: number, payload: readonly number[]): Buffer =>
    Buffer.from([type, 0, 1, 0, 0, 0, payload.length, ...payload, 0xce]);
  const method = (group: number, number: number, ...more: number[]): Buffer =>
    frame(1, [0, group, 0, number, ...more]);
  const short = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const push = (side: "request" | "response", bytes: Buffer, ns: number): void =>
    parser[side](bytes, 0, bytes.length, bytes.length, ns);
  push("request", method(20, 10, 0), 10);
  push("response", method(20, 11, 0, 0, 0, 0), 20);
  push("request", method(85, 10, 0), 30);
  push("response", method(85, 11), 40);
  const header = frame(2, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
  const publish = method(60, 40, 0, 0, ...short("nosuch"), ...short("key"), 0);
  push("request", Buffer.concat([publish, header, frame(3, [7])]), 50);
  // 404, its text, and the method that it is about.
  push("response", method(20, 40, 1, 0x94, ...short("NOT_FOUND"), 0, 60, 0, 40), 60);
  assert.deepEqual(
    told.map(({ name, error, startNs, endNs }) => [name, error, startNs, endNs]),
    [
      ["channel.open", "", 10, 20],
      ["confirm.select", "", 30, 40],
      ["publish nosuch", "404", 50, 60],
    ],
  );
});
