import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeapFigures, heapGoal } from "./heap-goal.js";

const mib = 1 << 20;
const never = 2 ** 64;
const unlimited: HeapFigures = {
  minor: 26,
  percentGoal: 20 * mib,
  sweepTrigger: 0,
  triggered: never,
  memoryLimit: 2 ** 63 - 1,
  heapMarked: 10 * mib,
  heapFree: 2 * mib,
  heapAlloc: 12 * mib,
  mappedReady: 16 * mib,
};

test("without a limit the goal is that of GOGC, moved on by what runs already", () => {
  assert.equal(heapGoal(unlimited), 20 * mib);
  assert.equal(heapGoal({ ...unlimited, sweepTrigger: 21 * mib }), 21 * mib);
  assert.equal(heapGoal({ ...unlimited, triggered: 20 * mib }), 20 * mib + 65536);
  assert.equal(heapGoal({ ...unlimited, percentGoal: never }), undefined);
});

test("with a limit the goal is what it leaves, less three percent or a mebibyte, never below what lives", () => {
  // 2 MiB are mapped besides the heap.
  const room = 198 * mib;
  assert.equal(
    heapGoal({ ...unlimited, percentGoal: never, memoryLimit: 200 * mib }),
    room - Math.floor(room / 100) * 3,
  );
  assert.equal(heapGoal({ ...unlimited, percentGoal: never, memoryLimit: 200 * mib, minor: 20 }), room - mib);
  assert.equal(heapGoal({ ...unlimited, memoryLimit: 14 * mib }), 10 * mib);
  assert.equal(heapGoal({ ...unlimited, memoryLimit: mib }), 10 * mib);
});
