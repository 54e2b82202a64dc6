import type { ExponentialHistogramDataPoint, Input } from "@go3s/telemetry";

/**
 * Exponential is a histogram whose buckets grow by 2^(2^-scale), as OpenTelemetry's data model has it
 * (opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram): bucket i holds (base^i, base^(i+1)].
 */
export interface Exponential {
  add(value: number): void;
  point(): Pick<
    Input<ExponentialHistogramDataPoint>,
    "count" | "sum" | "scale" | "zeroCount" | "min" | "max"
  > &
    Input<ExponentialHistogramDataPoint>;
}

// Eight buckets for each doubling: an error of 4.4 % at most.
const scale = 3;
const perDoubling = 2 ** scale;

/** newExponential makes an empty histogram of numbers from 0; what is below counts as 0. */
export function newExponential(): Exponential {
  const buckets = new Map<number, number>();
  let count = 0;
  let zero = 0;
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  return {
    add(value) {
      const of = Math.max(0, value);
      count++;
      sum += of;
      min = Math.min(min, of);
      max = Math.max(max, of);
      if (of === 0) zero++;
      else {
        const index = Math.ceil(Math.log2(of) * perDoubling) - 1;
        buckets.set(index, (buckets.get(index) ?? 0) + 1);
      }
    },
    point: () => ({
      count: BigInt(count),
      zeroCount: BigInt(zero),
      sum,
      scale,
      positive: dense(buckets),
      ...(count === 0 ? {} : { min, max }),
    }),
  };
}

/** dense writes buckets as OTLP has them: from the lowest to the highest that is used. */
export function dense(buckets: ReadonlyMap<number, number | bigint>): {
  offset: number;
  bucketCounts: bigint[];
} {
  if (buckets.size === 0) return { offset: 0, bucketCounts: [] };
  const offset = Math.min(...buckets.keys());
  const bucketCounts = new Array<bigint>(Math.max(...buckets.keys()) - offset + 1).fill(0n);
  for (const [index, count] of buckets) bucketCounts[index - offset] = BigInt(count);
  return { offset, bucketCounts };
}
