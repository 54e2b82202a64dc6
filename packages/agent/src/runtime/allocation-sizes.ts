import type { HistogramDataPoint, Input } from "@go3s/telemetry";
import { sizeClasses } from "../allocations/size-classes.js";

/** allocationBounds are upper bounds in bytes: powers of two up to the largest class. */
export const allocationBounds: readonly number[] = Array.from({ length: 13 }, (_, i) => 8 << i);

/** allocationPoint makes a histogram's point of the runtime's counts by class of sizes; larger ones keep no size, so there is no sum. */
export function allocationPoint(
  counts: readonly number[],
): Pick<Input<HistogramDataPoint>, "count" | "bucketCounts" | "explicitBounds"> {
  const bucketCounts = new Array<bigint>(allocationBounds.length + 1).fill(0n);
  let count = 0n;
  counts.forEach((found, i) => {
    const first = i === 0 ? -1 : allocationBounds.findIndex((bound) => (sizeClasses[i] ?? 0) <= bound);
    const bucket = first < 0 ? allocationBounds.length : first;
    bucketCounts[bucket] = (bucketCounts[bucket] ?? 0n) + BigInt(found);
    count += BigInt(found);
  });
  return { count, bucketCounts, explicitBounds: allocationBounds };
}
