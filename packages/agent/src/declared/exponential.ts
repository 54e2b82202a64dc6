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
  // Counts of the buckets from `lowest` on: a histogram's values lie close together, and an array counts them for a
  // third of what a Map takes.
  let counts: number[] = [];
  let lowest = 0;
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
        const index = bucketOf(of);
        if (counts.length === 0) lowest = index;
        else if (index < lowest) {
          counts = [...new Array<number>(lowest - index).fill(0), ...counts];
          lowest = index;
        }
        while (counts.length <= index - lowest) counts.push(0);
        counts[index - lowest] = (counts[index - lowest] ?? 0) + 1;
      }
    },
    point: () => ({
      count: BigInt(count),
      zeroCount: BigInt(zero),
      sum,
      scale,
      positive: { offset: lowest, bucketCounts: counts.map(BigInt) },
      ...(count === 0 ? {} : { min, max }),
    }),
  };
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
// The upper half holds sign, exponent and 20 bits of the mantissa (IEEE 754; both architectures are little-endian).
const UPPER = 1;
const roots = Array.from({ length: perDoubling }, (_, i) => 2 ** (i / perDoubling));

/**
 * bucketOf is ceil(log2(value) * perDoubling) - 1 for a number above 0, without a logarithm: the exponent says which
 * doubling it is in, the mantissa which of its parts.
 */
export function bucketOf(value: number): number {
  double[0] = value;
  const upper = halves[UPPER] ?? 0;
  const exponent = (upper >>> 20) - 1023;
  // A subnormal number's mantissa has no leading one.
  if (exponent === -1023) return Math.ceil(Math.log2(value) * perDoubling) - 1;
  halves[UPPER] = (upper & 0xfffff) | 0x3ff00000;
  const mantissa = double[0];
  let above = 0;
  while (above < perDoubling && mantissa > (roots[above] ?? 2)) above++;
  return exponent * perDoubling + above - 1;
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
