import assert from "node:assert/strict";
import { test } from "node:test";
import { newHeap } from "./heap.js";

const mebibyte = 1 << 20;

test("garbage is collected when there is some, and once a minute at most", () => {
  let now = 0;
  let used = 60 * mebibyte;
  const collections: number[] = [];
  const heap = newHeap({
    now: () => now,
    used: () => used,
    collect() {
      collections.push(now / 1000);
      used = 24 * mebibyte;
    },
  });
  for (let second = 1; second <= 200; second++) {
    now = second * 1000;
    // A quarter of a mebibyte a second until 100 s, nothing behind it.
    if (second <= 100) used += mebibyte / 4;
    heap.tick();
  }
  // What came behind 70 s is less than is worth it.
  assert.deepEqual(collections, [10, 70]);
});

test("what lives is not collected again and again", () => {
  let now = 0;
  let collections = 0;
  const heap = newHeap({ now: () => now, used: () => 100 * mebibyte, collect: () => void collections++ });
  for (now = 0; now < 600_000; now += 1000) heap.tick();
  assert.equal(collections, 1);
});

test("V8's own collection frees what nobody holds", () => {
  let now = 0;
  const heap = newHeap({ now: () => now });
  let kept: number[][] | undefined = Array.from({ length: 4000 }, (_, i) => new Array<number>(1000).fill(i));
  assert.equal(kept.length, 4000);
  const before = process.memoryUsage().heapUsed;
  kept = undefined;
  now = 20_000;
  heap.tick();
  assert.ok(process.memoryUsage().heapUsed < before - 16 * mebibyte);
});
