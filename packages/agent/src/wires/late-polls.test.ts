import assert from "node:assert/strict";
import { test } from "node:test";
import { newExchange, type WireExchange } from "../protocols/wire.js";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { clientWire } from "../testing/client-wire.js";
import { newLatePolls } from "./late-polls.js";
import { newOrigins } from "./origins.js";

const wire = clientWire(
  newProcessSpans({ tgid: 7, serviceName: "shop", resource: new Uint8Array(0), routes: newRouteTable() }),
);

function poll(endNs: number, type = "receive"): WireExchange {
  const exchange = newExchange("kafka", endNs);
  exchange.attributes["messaging.operation.type"] = type;
  exchange.messages = [{ topic: "orders", partition: 0, print: "", first: endNs, count: 1, contexts: [] }];
  return exchange;
}

function newPolls() {
  const told: number[] = [];
  const known = new Set<number>();
  const origins: (Uint8Array | undefined)[] = [];
  const polls = newLatePolls(
    ({ endNs }) => known.has(endNs),
    ({ endNs }, _, origin) => {
      told.push(endNs);
      origins.push(origin?.joint);
    },
  );
  return { polls, told, known, origins };
}

test("what a consumer was given waits until its producer is answered, and no longer than that takes", () => {
  const { polls, told, known } = newPolls();
  assert.equal(polls.hold(poll(1000), wire, undefined), true);
  assert.equal(polls.hold(poll(2000), wire, undefined), true);
  polls.sweep(3000);
  assert.deepEqual(told, []);
  known.add(2000);
  polls.sweep(4000);
  assert.deepEqual(told, [2000]);
  polls.sweep(1_000_000_000);
  assert.deepEqual(told, [2000, 1000]);
});

test("what is known, a server's side, other exchanges and too many do not wait", () => {
  const { polls, known } = newPolls();
  known.add(5);
  assert.equal(polls.hold(poll(5), wire, undefined), false);
  assert.equal(polls.hold(poll(6), { ...wire, client: 1 }, undefined), false);
  assert.equal(polls.hold(poll(7, "send"), wire, undefined), false);
  assert.equal(polls.hold(newExchange("kafka", 8), wire, undefined), false);
  let held = 0;
  while (held < 10_000 && polls.hold(poll(9), wire, undefined)) held++;
  assert.equal(held, 4096);
  polls.sweep(Number.POSITIVE_INFINITY);
  assert.equal(polls.hold(poll(9), wire, undefined), true);
});

test("the write that it began with stays its own", () => {
  const { polls, origins } = newPolls();
  const origin = newOrigins().next();
  origin.joint = Uint8Array.of(1, 2, 3);
  polls.hold(poll(1000), wire, origin);
  assert.equal(origin.joint, undefined);
  origin.joint = Uint8Array.of(9);
  polls.sweep(Number.POSITIVE_INFINITY);
  assert.deepEqual(origins, [Uint8Array.of(1, 2, 3)]);
});
