import assert from "node:assert/strict";
import { test } from "node:test";
import { newRecent } from "./recent.js";

test("entries live for one to two generations by time, however few there are", () => {
  let now = 0;
  const table = newRecent<string>({ limit: 1000, ms: 60_000, now: () => now });
  table.set(1, "first");
  // The clock is looked at every few entries.
  const fill = (from: number) => {
    for (let i = from; i < from + 32; i++) table.set(i, "other");
  };
  fill(100);
  now = 61_000;
  fill(200);
  assert.equal(table.get(1), "first");
  now = 122_000;
  fill(300);
  assert.equal(table.get(1), undefined);
  assert.ok(table.size() < 100, String(table.size()));
});

test("an entry that is used stays, and one that is deleted is gone from both generations", () => {
  const table = newRecent<string>({ limit: 10, ms: 60_000, now: () => 0 });
  for (let i = 0; i < 100; i++) {
    assert.equal(table.use(7), i === 0 ? undefined : "kept", String(i));
    if (i === 0) table.set(7, "kept");
    table.set(1000 + i, "other");
  }
  table.delete(7);
  assert.equal(table.get(7), undefined);
});

test("no generation holds more than its limit", () => {
  const table = newRecent<number>({ limit: 50, ms: 60_000 });
  for (let i = 0; i < 10_000; i++) table.set(i, i);
  assert.ok(table.size() <= 100, String(table.size()));
  assert.equal(table.get(9_999), 9_999);
});
