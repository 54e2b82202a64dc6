import assert from "node:assert/strict";
import { test } from "node:test";
import { newMessagePolicy } from "./message-policy.js";

/** answers gives what is decided second by second, the messages of the seconds that it says yes to being counted. */
function answers(rate: (second: number) => number, seconds: number): boolean[] {
  const policy = newMessagePolicy();
  let attached = true;
  return Array.from({ length: seconds }, (_, second) => {
    attached = policy.decide(attached ? rate(second) : 0, 1);
    return attached;
  });
}

test("messages are told at any rate that a probe can bear, and through a single burst", () => {
  assert.ok(answers(() => 3900, 60).every((yes) => yes));
  assert.ok(answers((second) => (second % 3 === 0 ? 50_000 : 100), 60).every((yes) => yes));
});

test("too many are left out, and tried again ever more rarely", () => {
  const told = answers(() => 30_000, 600);
  const tries = told.flatMap((yes, i) => (yes && told[i - 1] === false ? [i] : []));
  const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
  assert.ok(told.filter((yes) => yes).length < 20, "nearly always without");
  assert.ok(gaps.every((gap, i) => gap >= (gaps[i - 1] ?? 0)) && (gaps[0] ?? 0) >= 20, String(gaps));
  assert.ok((gaps.at(-1) ?? 0) > 100, String(gaps));
});

test("when the load is over they are told again", () => {
  const told = answers((second) => (second < 30 ? 30_000 : 50), 120);
  assert.equal(told[5], false);
  assert.ok(told.slice(60).every((yes) => yes));
});
