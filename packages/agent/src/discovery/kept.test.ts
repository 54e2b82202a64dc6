import assert from "node:assert/strict";
import { test } from "node:test";
import { newKept } from "./kept.js";

test("what nobody has asked for longest goes first", () => {
  const kept = newKept<number>(3);
  for (const [i, key] of ["a", "b", "c"].entries()) kept.set(key, i);
  assert.equal(kept.get("a"), 0);
  kept.set("d", 3);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => kept.get(key)),
    [0, undefined, 2, 3],
  );
  // Once more is no other.
  kept.set("a", 5);
  kept.set("a", 6);
  assert.deepEqual(
    ["a", "c", "d"].map((key) => kept.get(key)),
    [6, 2, 3],
  );
});
