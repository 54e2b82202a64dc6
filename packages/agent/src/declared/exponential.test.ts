import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bucketOf, newExponential } from "./exponential.js";

test("every positive number lies in its bucket: above its lower bound, up to its upper one", () => {
  const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
  fc.assert(
    fc.property(positive, (value) => {
      const index = bucketOf(value);
      assert.ok(value > 2 ** (index / 8) * (1 - 1e-12) && value <= 2 ** ((index + 1) / 8) * (1 + 1e-12));
    }),
  );
  // Powers of two are their buckets' upper bounds, exactly; subnormal numbers have no leading one.
  for (const exponent of [-1074, -1023, -30, -1, 0, 1, 52, 1023])
    assert.equal(bucketOf(2 ** exponent), exponent * 8 - 1);
});

test("counts stand where their values are, whatever came first", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 60 }), (values) => {
      const histogram = newExponential();
      for (const value of values) histogram.add(value);
      const { positive, zeroCount, count } = histogram.point();
      const expected = new Map<number, bigint>();
      for (const value of values)
        if (value > 0) expected.set(bucketOf(value), (expected.get(bucketOf(value)) ?? 0n) + 1n);
      const got = new Map<number, bigint>();
      for (const [i, n] of (positive?.bucketCounts ?? []).entries())
        if (n !== 0n) got.set((positive?.offset ?? 0) + i, BigInt(n));
      assert.deepEqual(new Map([...got].sort()), new Map([...expected].sort()));
      assert.equal(
        Number(zeroCount) + [...expected.values()].reduce((a, b) => a + Number(b), 0),
        Number(count),
      );
    }),
  );
});

test("weights that are not whole come to their sum", () => {
  const recent = newExponential();
  const all = newExponential();
  for (let i = 0; i < 1000; i++) recent.add(0.001 * (1 + (i % 50)));
  recent.add(0);
  recent.moveTo(all, 10.123);
  recent.moveTo(all, 1000);
  all.add(7, 2.5);
  all.add(7, 2.5);
  const { count, sum, min, max } = all.point();
  assert.equal(count, BigInt(Math.round(1001 * 10.123 + 5)));
  assert.ok(Math.abs((sum ?? 0) - (25.5 * 10.123 + 35)) < 1e-6);
  assert.deepEqual([min, max], [0, 7]);
  assert.equal(recent.point().count, 0n);
});
