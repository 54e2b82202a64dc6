import type { ExponentialHistogramDataPoint, Input } from "@go3s/telemetry";

/**
 * Exponential is a histogram whose buckets grow by 2^(2^-scale), as OpenTelemetry's data model has it
 * (opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram): bucket i holds (base^i, base^(i+1)].
 */
export interface Exponential {
  /** add counts a value, which stands for `weight` of them (1). */
  add(value: number, weight?: number): void;
  /** moveTo adds everything to another one, `times` over, and forgets it. */
  moveTo(other: Exponential, times: number): void;
  /** take adds what another one has in its buckets from `lowest` on, `times` over. */
  take(values: ExponentialValues, times: number): void;
  point(): Pick<
    Input<ExponentialHistogramDataPoint>,
    "count" | "sum" | "scale" | "zeroCount" | "min" | "max"
  > &
    Input<ExponentialHistogramDataPoint>;
}

/** ExponentialValues is what such a histogram holds. */
export interface ExponentialValues {
  readonly counts: readonly number[];
  /** lowest is the first bucket's number. */
  readonly lowest: number;
  readonly zero: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
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
  let zero = 0;
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  // What was rounded away, for the next one: all together they count what their weights come to.
  let owed = 0;
  const whole = (weight: number): number => {
    const rounded = Math.round(weight + owed);
    owed += weight - rounded;
    return rounded;
  };

  const addAt = (index: number, weight: number): void => {
    if (counts.length === 0) lowest = index;
    else if (index < lowest) {
      counts = [...new Array<number>(lowest - index).fill(0), ...counts];
      lowest = index;
    }
    while (counts.length <= index - lowest) counts.push(0);
    counts[index - lowest] = (counts[index - lowest] ?? 0) + weight;
  };

  return {
    add(value, weight = 1) {
      const of = Math.max(0, value);
      sum += of * weight;
      min = Math.min(min, of);
      max = Math.max(max, of);
      const count = whole(weight);
      if (of === 0) zero += count;
      else addAt(bucketOf(of), count);
    },
    moveTo(other, times) {
      other.take({ counts, lowest, zero, sum, min, max }, times);
      counts.fill(0);
      zero = 0;
      sum = 0;
      min = Number.POSITIVE_INFINITY;
      max = 0;
    },
    take(values, times) {
      values.counts.forEach((count, i) => {
        if (count > 0) addAt(values.lowest + i, whole(count * times));
      });
      zero += whole(values.zero * times);
      sum += values.sum * times;
      min = Math.min(min, values.min);
      max = Math.max(max, values.max);
    },
    point() {
      const count = counts.reduce((all, each) => all + each, zero);
      return {
        count: BigInt(count),
        zeroCount: BigInt(zero),
        sum,
        scale,
        positive: { offset: lowest, bucketCounts: counts.map(BigInt) },
        ...(count === 0 ? {} : { min, max }),
      };
    },
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
