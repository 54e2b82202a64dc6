import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeClasses } from "../allocations/size-classes.js";
import { allocationBounds, allocationPoint } from "./allocation-sizes.js";

test("classes go to the bucket of the power of two that they fit in, larger objects to the last", () => {
  assert.equal(sizeClasses.at(-1), allocationBounds.at(-1));
  const counts = sizeClasses.map(() => 0);
  for (const [size, count] of [
    [8, 1],
    [24, 2],
    [32, 4],
    [48, 8],
    [32768, 16],
    [0, 32],
  ] as const)
    counts[sizeClasses.indexOf(size)] = count;
  const point = allocationPoint(counts);
  assert.equal(point.count, 63n);
  const byBound = new Map<number | undefined, unknown>(
    (point.bucketCounts ?? []).map((count, i) => [allocationBounds[i], count]),
  );
  assert.deepEqual(
    [8, 16, 32, 64, 32768, undefined].map((bound) => byBound.get(bound)),
    [1n, 0n, 6n, 8n, 16n, 32n],
  );
});
