import assert from "node:assert/strict";
import { test } from "node:test";
import { all, newPolicy } from "./policy.js";

const calm = { seconds: 1, requests: 1000, calls: 10, newPaths: 1000, orphans: 0, deep: 0 };
const busy = { seconds: 1, requests: 50_000, calls: 0, newPaths: 0, orphans: 0, deep: 0 };

test("everything is attached while the load is low, whatever is unknown", () => {
  const policy = newPolicy();
  for (let i = 0; i < 10; i++) assert.deepEqual(policy.decide(calm), all);
});

test("a steady high load sheds what tells nothing new, a single spike does not", () => {
  const policy = newPolicy();
  assert.deepEqual(policy.decide(busy), all);
  assert.deepEqual(policy.decide(calm), all);
  assert.deepEqual(policy.decide(busy), all);
  assert.deepEqual(policy.decide(busy), { handlerEnd: false, roundTrip: true, spawn: false });
});

test("a rate between the limits changes nothing", () => {
  const policy = newPolicy();
  policy.decide(busy);
  policy.decide(busy);
  const between = { ...busy, requests: 6500 };
  for (let i = 0; i < 10; i++) assert.equal(policy.decide(between).handlerEnd, false);
  policy.decide(calm);
  assert.deepEqual(policy.decide(calm), all);
});

test("unknown routes bring the handler's end back for a sample, ever more rarely when that does not help", () => {
  const policy = newPolicy();
  policy.decide(busy);
  policy.decide(busy);
  const unknown = { ...busy, newPaths: 20_000 };
  const attached: number[] = [];
  for (let i = 0; i < 120; i++) if (policy.decide(unknown).handlerEnd) attached.push(i);
  assert.equal(attached[0], 0);
  const gaps = attached.slice(1).map((at, i) => at - (attached[i] ?? 0));
  assert.ok(gaps.length >= 2, `samples at ${attached}`);
  for (let i = 1; i < gaps.length; i++) assert.ok((gaps[i] ?? 0) >= (gaps[i - 1] ?? 0), `gaps ${gaps}`);
});

test("calls without parents bring the goroutine starts back for a while", () => {
  const policy = newPolicy();
  policy.decide(busy);
  policy.decide(busy);
  assert.equal(policy.decide({ ...busy, calls: 1000, orphans: 500 }).spawn, true);
  assert.equal(policy.decide({ ...busy, calls: 1000 }).spawn, true);
  for (let i = 0; i < 70; i++) policy.decide({ ...busy, calls: 1000 });
  assert.equal(policy.decide({ ...busy, calls: 1000 }).spawn, false);
});

test("goroutine starts are watched at a low rate only as long as they find somebody's parent", () => {
  const policy = newPolicy();
  for (let i = 0; i < 59; i++) assert.equal(policy.decide(calm).spawn, true);
  assert.deepEqual(policy.decide(calm), { handlerEnd: true, roundTrip: true, spawn: false });
  const orphaned = { ...calm, orphans: 5 };
  for (let i = 0; i < 9; i++) assert.equal(policy.decide(orphaned).spawn, false);
  assert.equal(policy.decide(orphaned).spawn, true);
  for (let i = 0; i < 300; i++) assert.equal(policy.decide({ ...calm, deep: 1 }).spawn, true);
  for (let i = 0; i < 59; i++) assert.equal(policy.decide(calm).spawn, true);
  assert.equal(policy.decide(calm).spawn, false);
});

test("thousands of calls without such a parent are enough sooner, and one with it begins anew", () => {
  const policy = newPolicy();
  const asking = { ...calm, calls: 6000 };
  for (let i = 0; i < 3; i++) assert.equal(policy.decide(asking).spawn, true);
  assert.equal(policy.decide({ ...asking, deep: 1 }).spawn, true);
  for (let i = 0; i < 3; i++) assert.equal(policy.decide(asking).spawn, true);
  assert.equal(policy.decide(asking).spawn, false);
  const orphaned = { ...asking, orphans: 600 };
  for (let i = 0; i < 9; i++) assert.equal(policy.decide(orphaned).spawn, false);
  for (let i = 0; i < 4; i++) assert.equal(policy.decide(orphaned).spawn, true, `after ${i}`);
  assert.equal(policy.decide(orphaned).spawn, false);
});

test("when load is over the calls that asked under it do not count", () => {
  const policy = newPolicy();
  policy.decide(busy);
  policy.decide(busy);
  for (let i = 0; i < 3; i++) {
    assert.equal(policy.decide({ ...busy, calls: 6000, orphans: 600 }).spawn, true);
  }
  for (let i = 0; i < 6; i++) assert.equal(policy.decide({ ...calm, calls: 3000 }).spawn, true, `after ${i}`);
});

test("orphans that stay orphans have goroutine starts watched ever more rarely", () => {
  const policy = newPolicy();
  const orphaned = { ...calm, orphans: 10 };
  const rests: number[] = [];
  let rest = 0;
  for (let i = 0; i < 1500; i++) {
    if (policy.decide(orphaned).spawn) {
      if (rest > 0) rests.push(rest);
      rest = 0;
    } else rest++;
  }
  assert.ok(rests.length >= 4, `rests ${rests}`);
  for (let i = 1; i < rests.length; i++) assert.ok((rests[i] ?? 0) >= (rests[i - 1] ?? 0), `rests ${rests}`);
});
