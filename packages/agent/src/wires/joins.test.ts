import assert from "node:assert/strict";
import { test } from "node:test";
import { newJoins } from "./joins.js";

test("a server finds the ids of its client's write by ports and sequence number", () => {
  const joins = newJoins();
  const trace = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
  const sent = joins.sent(40_000, 6379, 7, trace);
  assert.deepEqual(joins.find(40_000, 6379, 7), sent);
  assert.deepEqual(sent.subarray(0, 16), trace);
  assert.ok(sent.subarray(16).some((byte) => byte !== 0));
  assert.equal(joins.find(40_001, 6379, 7), undefined);
});

test("a server without an observed client finds nothing, one with such finds ids that the late write then has", () => {
  const joins = newJoins();
  assert.equal(joins.find(40_000, 6379, 7), undefined);
  joins.sent(40_000, 6379, 7, undefined);
  const early = joins.find(40_000, 6379, 100);
  assert.ok(early !== undefined);
  assert.deepEqual(joins.sent(40_000, 6379, 100, undefined), early);
});

test("what was sent long ago is forgotten, what was sent just now is not", () => {
  const joins = newJoins();
  for (let i = 0; i < 40_000; i++) joins.sent(40_000, 6379, i, undefined);
  const last = joins.sent(40_000, 6379, 50_000, undefined);
  assert.deepEqual(joins.find(40_000, 6379, 50_000), last);
});

test("it is known where a server's side has looked", () => {
  const joins = newJoins();
  joins.sent(40_000, 5432, 1, undefined);
  assert.equal(joins.isAsked(40_000, 5432), false);
  joins.find(40_000, 5432, 1);
  assert.deepEqual([joins.isAsked(40_000, 5432), joins.isAsked(40_001, 5432)], [true, false]);
});
