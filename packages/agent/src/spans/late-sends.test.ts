import assert from "node:assert/strict";
import { test } from "node:test";
import { newCall } from "./calls.js";
import { newLateSends } from "./late-sends.js";
import { newProcessSpans } from "./process-spans.js";
import { newRouteTable } from "./routes.js";

const [shop, other] = [7, 8].map((tgid) =>
  newProcessSpans({ tgid, serviceName: "shop", resource: new Uint8Array(0), routes: newRouteTable() }),
);

/** call makes one of `messages` messages to a topic that was over at `endNs`. */
const call = (topic: string, endNs: number, messages = 0, process = shop) => {
  assert.ok(process);
  return { ...newCall(process), text: topic, startNs: endNs - 10, endNs, type: messages };
};

test("what is written later belongs to the oldest call that still has messages for its topic", () => {
  const sends = newLateSends();
  sends.ended(call("orders", 100, 3));
  sends.ended(call("bills", 110));
  sends.ended(call("orders", 120));
  sends.ended(call("orders", 130, 1, other));
  const taken = (topic: string, messages: number, ns = 1000, tgid = 7) => {
    const sender = sends.take(tgid, topic, ns, messages);
    return sender && [sender.startNs, sender.isOnly];
  };
  assert.equal(taken("orders", 1, 99), undefined, "it was not over by then");
  assert.deepEqual(taken("orders", 2), [90, true]);
  // One message of each.
  assert.deepEqual(taken("orders", 2), [90, false]);
  assert.equal(taken("orders", 1), undefined);
  assert.deepEqual(taken("", 1), [100, true]);
  assert.deepEqual(taken("orders", 1, 1000, 8), [120, true]);
});

test("a call is copied, forgotten with its process and after ten seconds", () => {
  const sends = newLateSends();
  const one = call("orders", 100);
  sends.ended(one);
  one.startNs = 0;
  one.ids.fill(9);
  const found = sends.take(7, "orders", 200, 1);
  assert.deepEqual([found?.call.startNs, found?.call.ids[0]], [90, 0]);
  sends.ended(call("orders", 300));
  assert.equal(sends.take(7, "orders", 11e9, 1), undefined);
  sends.ended(call("orders", 12e9));
  sends.processExited(7);
  assert.equal(sends.take(7, "orders", 13e9, 1), undefined);
});
