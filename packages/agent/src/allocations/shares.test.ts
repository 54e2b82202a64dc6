import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newShares, type SeenSite } from "./shares.js";
import { sizeClasses } from "./size-classes.js";

const none = (): number[] => sizeClasses.map(() => 0);

test("places share what the runtime counted of their class, by how often they were seen", () => {
  const shares = newShares(none());
  const counts = none();
  counts[3] = 1000;
  counts[10] = 77;
  const told = shares.divide(counts, [
    { stack: 1, class: 3, count: 3, bytes: 0 },
    { stack: 2, class: 3, count: 1, bytes: 0 },
  ]);
  assert.deepEqual(told.get(1), { objects: 750, bytes: 750 * 24 });
  assert.deepEqual(told.get(2), { objects: 250, bytes: 250 * 24 });
  // Class 10 was not seen: it waits for somebody who is.
  const later = shares.divide(counts, [{ stack: 9, class: 10, count: 5, bytes: 0 }]);
  assert.deepEqual([...later], [[9, { objects: 77, bytes: 77 * 128 }]]);
});

test("large objects have the sizes that were seen", () => {
  const shares = newShares(none());
  const counts = none();
  counts[0] = 10;
  const told = shares.divide(counts, [{ stack: 4, class: 0, count: 5, bytes: 5 << 20 }]);
  assert.deepEqual(told.get(4), { objects: 10, bytes: 10 << 20 });
});

test("nothing is told twice or lost once each class was seen", () => {
  const site = fc.record({
    stack: fc.nat(5),
    class: fc.integer({ min: 1, max: 67 }),
    count: fc.integer({ min: 1, max: 50 }),
    bytes: fc.constant(0),
  });
  const turn = fc.record({
    growth: fc.array(fc.nat(100_000), { minLength: 68, maxLength: 68 }),
    seen: fc.array(site, { maxLength: 20 }),
  });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 6 }), (turns) => {
      const shares = newShares(none());
      const counts = none();
      let objects = 0;
      let bytes = 0;
      const add = (told: ReturnType<typeof shares.divide>): void => {
        for (const share of told.values()) {
          assert.ok(share.objects >= 0);
          objects += share.objects;
          bytes += share.bytes;
        }
      };
      for (const { growth, seen } of turns) {
        growth.forEach((more, i) => {
          if (i > 0) counts[i] = (counts[i] ?? 0) + more;
        });
        add(shares.divide([...counts], seen));
      }
      const everyClass = sizeClasses
        .map((_, i): SeenSite => ({ stack: 1, class: i, count: 1, bytes: 0 }))
        .slice(1);
      add(shares.divide([...counts], everyClass));
      assert.equal(
        objects,
        counts.reduce((sum, count) => sum + count, 0),
      );
      assert.equal(
        bytes,
        counts.reduce((sum, count, i) => sum + count * (sizeClasses[i] ?? 0), 0),
      );
    }),
  );
});
