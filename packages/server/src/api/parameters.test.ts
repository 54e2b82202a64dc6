import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServerError } from "../errors.js";
import { bucketsOf, coveredSeconds } from "./buckets.js";
import { hexOf, limitOf, rangeOf, timeOf } from "./parameters.js";

const now = Date.UTC(2026, 10, 21, 12);

test("times", () => {
  assert.equal(timeOf("from", "now", now), now);
  assert.equal(timeOf("from", "now-1h", now), now - 3_600_000);
  assert.equal(timeOf("from", "now-1.5d", now), now - 129_600_000);
  assert.equal(timeOf("from", "1700000000000", now), 1_700_000_000_000);
  assert.equal(timeOf("from", "2026-11-21T12:00:00Z", now), now);
  for (const wrong of [
    "",
    "yesterday",
    "now-1y",
    "NaN",
    "-5",
    "1e3",
    "99999999999999",
    "2026-99-99T00:00:00Z",
  ])
    assert.throws(() => timeOf("from", wrong, now), ServerError, wrong);
});

test("a range ends after it begins; the default is the last hour", () => {
  assert.deepEqual(rangeOf(new URLSearchParams(), now), { from_ms: now - 3_600_000, to_ms: now });
  assert.throws(() => rangeOf(new URLSearchParams("from=now&to=now-1h"), now), /not before/);
});

test("limits and ids", () => {
  assert.equal(limitOf(new URLSearchParams("limit=5"), 100, 1000), 5);
  assert.equal(limitOf(new URLSearchParams(), 100, 1000), 100);
  for (const wrong of ["0", "1001", "x", "-1", "1.5"])
    assert.throws(() => limitOf(new URLSearchParams({ limit: wrong }), 100, 1000), ServerError);
  assert.equal(hexOf("span id", "B7AD6B7169203331", 16), "b7ad6b7169203331");
  assert.throws(() => hexOf("span id", "b7ad6b716920333", 16), ServerError);
});

test("buckets cover any range with round borders and no more than wanted", () => {
  const ranges = fc.tuple(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 1, max: 4e11 }));
  fc.assert(
    fc.property(ranges, ([from_ms, length]) => {
      const range = { from_ms, to_ms: from_ms + length };
      const { start_ms, step_ms, count } = bucketsOf(range, 60);
      assert.ok(count >= 1 && count <= 60);
      assert.ok(start_ms <= from_ms && start_ms + count * step_ms >= range.to_ms);
      assert.equal(start_ms % step_ms, 0);
      const covered = Array.from({ length: count }, (_, i) =>
        coveredSeconds({ start_ms, step_ms, count }, range, i),
      );
      const sum = covered.reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - length / 1000) < 0.002 * count, `${sum} ${length}`);
    }),
  );
});
