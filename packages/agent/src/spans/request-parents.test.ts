import assert from "node:assert/strict";
import { test } from "node:test";
import { Role } from "../events/layout.js";
import { idLayout } from "./ids.js";
import { newRequestParents, type RoutineItem } from "./request-parents.js";

const idsOf = (byte: number): Uint8Array => new Uint8Array(idLayout.size).fill(byte);
const request = (startNs: number, endNs: number, byte: number, goid = 1) => ({
  ...{ role: Role.server, tgid: 7, goid, startNs, endNs, handlerEnded: true },
  ids: idsOf(byte),
});

function setUp() {
  const told: { readonly at: number; readonly span: number | undefined }[] = [];
  const parents = newRequestParents<RoutineItem>((item, parent) =>
    told.push({ at: item.startNs, span: parent?.spanId[0] }),
  );
  const wait = (at: number, routine = 1, parentRoutine = 0) =>
    parents.wait({ tgid: 7, routine, parentRoutine, startNs: at, endNs: at });
  return { parents, told, wait };
}

test("an item waits for its goroutine's request, or its starter's, and for no other", () => {
  const { parents, told, wait } = setUp();
  wait(15);
  wait(16, 2, 1);
  wait(40);
  wait(15, 3);
  parents.exchangeDone(request(10, 20, 4));
  assert.deepEqual(told, [
    { at: 15, span: 4 },
    { at: 16, span: 4 },
  ]);
  // It is known by now.
  wait(17);
  assert.deepEqual(told.at(-1), { at: 17, span: 4 });
  parents.settle(1e9, (_tgid, routine) => routine === 3);
  assert.deepEqual(told.at(-1), { at: 40, span: undefined });
  parents.flush();
  assert.equal(told.length, 5);
});

test("within a request it belongs to the innermost span that the goroutine made itself", () => {
  const { parents, told, wait } = setUp();
  for (const at of [11, 13, 15, 19]) wait(at);
  parents.spanDone(request(14, 16, 1));
  assert.deepEqual(told, [{ at: 15, span: 1 }]);
  parents.spanDone(request(12, 18, 2));
  parents.exchangeDone(request(10, 20, 3));
  assert.deepEqual(told.slice(1), [
    { at: 13, span: 2 },
    { at: 11, span: 3 },
    { at: 19, span: 3 },
  ]);
  // Told by another buffer, later than its span.
  wait(15);
  wait(13);
  assert.deepEqual(told.slice(4), [
    { at: 15, span: 1 },
    { at: 13, span: 2 },
  ]);
});

test("a span that a goroutine makes without a request is a parent too; the latest are remembered", () => {
  const { parents, told, wait } = setUp();
  for (let n = 1; n <= 40; n++) parents.spanDone(request(n * 10, n * 10 + 5, n, 9));
  wait(402, 9);
  wait(12, 9);
  parents.settle(1e9, () => false);
  assert.deepEqual(told, [
    { at: 402, span: 40 },
    { at: 12, span: undefined },
  ]);
});

test("what is read later than its request finds it though its goroutine has served others since", () => {
  const { parents, told, wait } = setUp();
  for (let n = 1; n <= 200; n++) parents.exchangeDone(request(n * 10, n * 10 + 5, n));
  wait(12);
  wait(1003);
  wait(1007);
  wait(2001, 2, 1);
  parents.flush();
  assert.deepEqual(told, [
    { at: 12, span: 1 },
    { at: 1003, span: 100 },
    { at: 2001, span: 200 },
    { at: 1007, span: undefined },
  ]);
});

test("of very many requests the latest are remembered, of all goroutines", () => {
  const { parents, told, wait } = setUp();
  parents.exchangeDone(request(1, 5, 1));
  for (let n = 0; n < 16_384; n++) parents.exchangeDone(request(10 * n + 10, 10 * n + 15, 2, 1 + (n & 7)));
  wait(3);
  wait(12);
  parents.flush();
  assert.deepEqual(told, [
    { at: 12, span: 2 },
    { at: 3, span: undefined },
  ]);
});
