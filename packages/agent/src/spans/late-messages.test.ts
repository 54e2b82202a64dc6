import assert from "node:assert/strict";
import { test } from "node:test";
import { newLateMessages } from "./late-messages.js";
import { newProcessSpans } from "./process-spans.js";
import { newRouteTable } from "./routes.js";
import { newStream, type Stream } from "./stream.js";

const process = newProcessSpans({
  tgid: 7,
  serviceName: "shop",
  resource: new Uint8Array(0),
  routes: newRouteTable(),
});
const message = (offset: number, more: Partial<Stream> = {}): Stream => ({
  ...newStream(process),
  offset,
  endNs: 1000,
  ...more,
});

test("a message waits for who sent it, but not for ever", () => {
  const unknown = new Set([1, 2]);
  const told: number[] = [];
  const late = newLateMessages({
    isWaiting: ({ offset }) => unknown.has(offset),
    tell: ({ offset }) => told.push(offset),
  });
  assert.equal(late.hold(message(0)), false);
  assert.equal(late.hold(message(1)), true);
  assert.equal(late.hold(message(2)), true);
  late.sweep(2000);
  assert.deepEqual(told, []);
  unknown.delete(2);
  late.sweep(3000);
  assert.deepEqual(told, [2]);
  late.sweep(201_000_000);
  assert.deepEqual(told, [2, 1]);
});

test("who was handed a message waits for who had it before, and comes after", () => {
  let isUnknown = true;
  const told: number[] = [];
  const late = newLateMessages({ isWaiting: () => isUnknown, tell: ({ offset }) => told.push(offset) });
  const first = message(1);
  const second = message(2, { before: { startNs: 1, stream: first, ids: first.ids } });
  // Who had it is told: he has a trace.
  assert.equal(late.hold(second), false);
  assert.equal(late.hold(first), true);
  assert.equal(late.hold(second), true);
  isUnknown = false;
  late.sweep(2000);
  assert.deepEqual(told, [1, 2]);
});

test("no more are held than there is room for", () => {
  const late = newLateMessages({ isWaiting: () => true, tell: () => undefined });
  const held = Array.from({ length: 5000 }, (_, i) => late.hold(message(i)));
  assert.equal(held.filter(Boolean).length, 4096);
});
