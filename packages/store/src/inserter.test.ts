import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sealAge_ms } from "./inserter.js";

test("the first rows are sealed soon, those of lasting load later, and never later than asked for", () => {
  assert.equal(sealAge_ms(0, false), 200);
  assert.equal(sealAge_ms(0, true), 200);
  assert.equal(sealAge_ms(4_000, false), 1_000);
  assert.equal(sealAge_ms(Number.POSITIVE_INFINITY, false), 5_000);
  assert.equal(sealAge_ms(Number.POSITIVE_INFINITY, true), 500);
});

test("longer load never seals sooner, and who asks never waits longer", () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(100_000), (busy_ms, more_ms) => {
      assert.ok(sealAge_ms(busy_ms + more_ms, false) >= sealAge_ms(busy_ms, false));
      assert.ok(sealAge_ms(busy_ms, true) <= sealAge_ms(busy_ms, false));
    }),
  );
});
