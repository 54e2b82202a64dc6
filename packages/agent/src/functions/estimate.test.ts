import assert from "node:assert/strict";
import { test } from "node:test";
import { callCostNs, chooseWithin } from "./estimate.js";
import type { FunctionPlan } from "./plan.js";

const nothing = { leaves: [], code: [], words: 0, lost: [] };
const fn = (id: number, rest: Partial<FunctionPlan> = {}): FunctionPlan => ({
  id,
  name: `f${id}`,
  file: "",
  line: 0,
  entry: 0,
  entryIsCheap: true,
  returns: [1],
  uretprobe: false,
  isLine: false,
  arguments: nothing,
  results: nothing,
  ...rest,
});

test("a return instruction is what makes a call dear", () => {
  assert.equal(callCostNs(fn(1)), 16_500);
  assert.equal(callCostNs(fn(1, { returns: [], uretprobe: true })), 1_000);
  assert.equal(callCostNs(fn(1, { returns: [], entryIsCheap: false })), 16_000);
});

test("the hottest go until the rest is within the limit, and the cost of the rest is said", () => {
  const { kept, notes } = chooseWithin(
    [
      { plan: fn(1), perSecond: 5000 },
      { plan: fn(2), perSecond: 90_000 },
      { plan: fn(3), perSecond: 0 },
    ],
    10_000,
  );
  assert.deepEqual(
    kept.map(({ id }) => id),
    [1, 3],
  );
  assert.equal(notes.length, 2);
  assert.match(notes[0] ?? "", /^f2: 90000 calls a second are more than --func-limit 10000/);
  assert.match(notes[1] ?? "", /5000 calls a second.*about 8 % of a CPU/);
  assert.deepEqual(chooseWithin([{ plan: fn(1), perSecond: 10 }], 10_000).notes, []);
});
