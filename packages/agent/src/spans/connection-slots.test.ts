import assert from "node:assert/strict";
import { test } from "node:test";
import { Role } from "../events/layout.js";
import { newConnectionSlots } from "./connection-slots.js";
import { type Exchange, newExchangePool } from "./exchange.js";
import type { ProcessSpans } from "./process-spans.js";

const pool = newExchangePool();

function on(localPort: number): Exchange {
  const exchange = pool.take({} as ProcessSpans);
  exchange.role = Role.server;
  exchange.localPort = localPort;
  exchange.peerPort = 40_000;
  return exchange;
}

const halfMinute = 30_000_000_000;

test("a connection keeps its slot while it speaks, and loses it when it is silent for two generations", () => {
  const slots = newConnectionSlots();
  const slot = slots.slotOf(on(1));
  const silent = slots.slotOf(on(2));
  for (let now = halfMinute; now <= 4 * halfMinute; now += halfMinute) {
    slots.sweep(now);
    slots.sweep(now + 1);
    assert.equal(slots.slotOf(on(1)), slot);
  }
  assert.notEqual(slots.slotOf(on(2)), silent);
});

test("a connection with an open exchange keeps its slot however long the answer takes", () => {
  const slots = newConnectionSlots();
  const slot = slots.slotOf(on(3));
  slot.exchange = on(3);
  for (let now = halfMinute; now <= 9 * halfMinute; now += halfMinute) slots.sweep(now);
  assert.equal(slots.slotOf(on(3)), slot);
});

test("many connections at once push out those that were silent longest, and no open ones", () => {
  const slots = newConnectionSlots();
  const open = slots.slotOf(on(60_001));
  open.exchange = on(60_001);
  const first = slots.slotOf(on(60_002));
  for (let port = 1; port < 50_000; port++) slots.slotOf(on(port));
  assert.equal(slots.slotOf(on(60_001)), open);
  assert.notEqual(slots.slotOf(on(60_002)), first);
});
