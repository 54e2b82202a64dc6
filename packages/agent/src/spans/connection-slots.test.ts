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

test("connections of several processes with the same ports have a slot each", () => {
  const slots = newConnectionSlots();
  const of = (tgid: number): Exchange => Object.assign(on(5), { tgid });
  const kept = [7, 8, 9].map((tgid) => slots.slotOf(of(tgid)));
  assert.equal(new Set(kept).size, 3);
  kept.forEach((slot, i) => {
    assert.equal(slots.slotOf(of(7 + i)), slot);
    assert.equal(slots.find(Role.server, (5 << 16) | 40_000, 7 + i), slot);
  });
  assert.equal(slots.find(Role.server, (5 << 16) | 40_000, 10), undefined);
  const open = kept[0] ?? assert.fail();
  open.exchange = of(7);
  for (let now = halfMinute; now <= 9 * halfMinute; now += halfMinute) slots.sweep(now);
  assert.equal(slots.slotOf(of(7)), open);
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
