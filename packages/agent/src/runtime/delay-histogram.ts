import type { HistogramDataPoint, Input } from "@go3s/telemetry";

// histogram.go: four steps for each power of two, of which the first ends with 2^9 ns.
const steps = 4;
const firstPower = 9;
// Up to 34 s by powers of two: 27 buckets, not the runtime's 160.
const powers = 27;

/** delayBounds are the upper bounds in seconds. */
export const delayBounds: readonly number[] = Array.from(
  { length: powers },
  (_, i) => 2 ** (firstPower + i) / 1e9,
);

/** delayPoint makes a histogram's point of the runtime's counts of waits for a processor; it keeps no sum. */
export function delayPoint(
  delays: readonly number[],
): Pick<Input<HistogramDataPoint>, "count" | "bucketCounts" | "explicitBounds"> {
  const bucketCounts = new Array<bigint>(powers + 1).fill(0n);
  let count = 0n;
  delays.forEach((found, i) => {
    const bucket = Math.min(powers, Math.floor(i / steps));
    bucketCounts[bucket] = (bucketCounts[bucket] ?? 0n) + BigInt(found);
    count += BigInt(found);
  });
  return { count, bucketCounts, explicitBounds: delayBounds };
}
