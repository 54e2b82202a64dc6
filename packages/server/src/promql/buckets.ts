/** Bucket is one of a classic histogram: how many observations were at most `upper`. */
export interface Bucket {
  readonly upper: number;
  count: number;
}

/** BucketQuantile is a quantile, and whether counts had to be raised so that they never fall. */
export interface BucketQuantile {
  readonly value: number;
  readonly forced: Forced | undefined;
}

/** Forced tells between which bounds counts fell, and by how much at most. */
export interface Forced {
  readonly least: number;
  readonly most: number;
  readonly difference: number;
}

/** TOLERANCE is the relative difference below which counts that differ are taken for equal: rates bring such errors with them. */
const TOLERANCE = 1e-12;

function sorted(buckets: readonly Bucket[]): Bucket[] | undefined {
  const inOrder = buckets.map((each) => ({ ...each })).sort((a, b) => a.upper - b.upper || 0);
  if (inOrder.at(-1)?.upper !== Number.POSITIVE_INFINITY) return undefined;
  const result: Bucket[] = [];
  for (const bucket of inOrder) {
    const last = result.at(-1);
    if (last?.upper === bucket.upper) last.count += bucket.count;
    else result.push(bucket);
  }
  return result;
}

function almostEqual(a: number, b: number): boolean {
  const difference = Math.abs(a - b);
  const size = Math.abs(a) + Math.abs(b);
  if (a === 0 || b === 0 || size < 2.2250738585072014e-308)
    return difference < TOLERANCE * 2.2250738585072014e-308;
  return difference / Math.min(size, Number.MAX_VALUE) < TOLERANCE;
}

function raised(buckets: Bucket[]): Forced | undefined {
  let [least, most, difference] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  let before = buckets[0]?.count ?? 0;
  let forced = false;
  for (const bucket of buckets.slice(1)) {
    if (bucket.count === before) continue;
    if (almostEqual(before, bucket.count)) bucket.count = before;
    else if (bucket.count < before) {
      forced = true;
      least = Math.min(least, bucket.upper);
      most = Math.max(most, bucket.upper);
      difference = Math.max(difference, before - bucket.count);
      bucket.count = before;
    } else before = bucket.count;
  }
  return forced ? { least, most, difference } : undefined;
}

/** bucketQuantile is histogram_quantile() of a classic histogram: linear within a bucket, the lowest one from 0. */
export function bucketQuantile(q: number, input: readonly Bucket[]): BucketQuantile {
  const only = (value: number, forced?: Forced): BucketQuantile => ({ value, forced });
  if (Number.isNaN(q)) return only(Number.NaN);
  if (q < 0) return only(Number.NEGATIVE_INFINITY);
  if (q > 1) return only(Number.POSITIVE_INFINITY);
  const buckets = sorted(input);
  if (buckets === undefined) return only(Number.NaN);
  const forced = raised(buckets);
  const observations = buckets.at(-1)?.count ?? 0;
  if (buckets.length < 2 || observations === 0) return only(Number.NaN, forced);
  let rank = q * observations;
  let b = 0;
  while (b < buckets.length - 1 && !((buckets[b]?.count ?? 0) >= rank)) b++;
  const bucket = buckets[b];
  const before = buckets[b - 1];
  if (bucket === undefined) return only(Number.NaN, forced);
  if (b === buckets.length - 1) return only(before?.upper ?? Number.NaN, forced);
  if (b === 0 && bucket.upper <= 0) return only(bucket.upper, forced);
  const start = before?.upper ?? 0;
  rank -= before?.count ?? 0;
  const count = bucket.count - (before?.count ?? 0);
  return only(start + (bucket.upper - start) * (rank / count), forced);
}

/** bucketFraction is histogram_fraction() of a classic histogram: the share of observations between two values. */
export function bucketFraction(lower: number, upper: number, input: readonly Bucket[]): number {
  const buckets = sorted(input);
  const count = buckets?.at(-1)?.count ?? 0;
  if (buckets === undefined || count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, buckets, count) - rankOf(lower, buckets, count)) / count;
}

/** rankOf is how many observations lie below a value; within buckets without an end nothing can be said, so none of theirs do. */
function rankOf(value: number, buckets: readonly Bucket[], count: number): number {
  let rank = 0;
  let start = (buckets[0]?.upper ?? 0) <= 0 ? Number.NEGATIVE_INFINITY : 0;
  for (const bucket of buckets) {
    if (start >= value) return Math.min(rank, count);
    if (bucket.upper > value) {
      const inside =
        start === Number.NEGATIVE_INFINITY
          ? bucket.count
          : rank + ((bucket.count - rank) * (value - start)) / (bucket.upper - start);
      return Math.min(inside, count);
    }
    rank = bucket.count;
    start = bucket.upper;
  }
  return count;
}
