import assert from "node:assert/strict";
import { test } from "node:test";
import { joinHolder, newHandedOn, release } from "./handed-on.js";
import { idLayout } from "./ids.js";
import { newProcessSpans } from "./process-spans.js";
import { newRouteTable } from "./routes.js";
import { newStream, type Stream } from "./stream.js";

const process = newProcessSpans({
  tgid: 7,
  serviceName: "shop",
  resource: new Uint8Array(0),
  routes: newRouteTable(),
});
const message = (startNs: number, id: number, more: Partial<Stream> = {}): Stream => ({
  ...newStream(process),
  tgid: 7,
  path: "orders",
  object: 5,
  offset: 9,
  startNs,
  ids: new Uint8Array(32).fill(id),
  ...more,
});
const traceOf = ({ ids }: Stream): number | undefined => ids[idLayout.trace];
const parentOf = ({ ids }: Stream): number | undefined => ids[idLayout.parent];

test("who takes the same object later is the child of who had it last", () => {
  const handed = newHandedOn();
  const [first, second, third] = [message(1, 1), message(2, 2), message(3, 3)];
  handed.take(first);
  handed.take(second);
  assert.equal(first.before, undefined);
  assert.ok(second.before !== undefined && first.held !== undefined);
  assert.equal(second.before.stream, first);
  joinHolder(second, second.before);
  assert.deepEqual([traceOf(second), parentOf(second), second.hasParent], [1, 1, true]);
  // A stream that is over is used for another.
  release(first, first.held);
  first.ids.fill(9);
  handed.take(third);
  assert.equal(third.before?.stream, second);
  assert.equal(second.before.ids[idLayout.trace], 1);
});

test("another object, message or process is another's, and what was told late is nobody's", () => {
  const handed = newHandedOn();
  handed.take(message(5, 1));
  for (const other of [
    { object: 6 },
    { offset: 10 },
    { streamId: 1 },
    { path: "bills" },
    { tgid: 8 },
    { startNs: 4 },
  ]) {
    const stream = message(6, 2, other);
    handed.take(stream);
    assert.equal(stream.before, undefined, JSON.stringify(other));
  }
});

test("a message whose own headers say another trace stays there", () => {
  const held = { startNs: 1, stream: undefined, ids: new Uint8Array(32).fill(1) };
  const other = message(2, 2, { hasParent: true, remoteParent: true });
  joinHolder(other, held);
  assert.deepEqual([traceOf(other), parentOf(other)], [2, 2]);
  const same = message(2, 2, { hasParent: true, remoteParent: true });
  same.ids.fill(1, idLayout.trace, idLayout.trace + 16);
  joinHolder(same, held);
  assert.deepEqual([parentOf(same), same.remoteParent], [1, false]);
});
