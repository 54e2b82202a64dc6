import type { Buckets, Histogram, Range } from "./types.js";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
// Steps that divide the next larger unit, so that bucket borders are round times.
const steps = [
  second,
  2 * second,
  5 * second,
  10 * second,
  15 * second,
  30 * second,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  30 * day,
  365 * day,
];

/** bucketsOf cuts a range into at most `most` buckets that begin at round times; the first and last may be partial. */
export function bucketsOf(range: Range, most: number): Buckets {
  const length = range.to_ms - range.from_ms;
  // One bucket more than the length needs comes from the borders not falling on round times.
  const step_ms = steps.find((step) => length / step <= most - 1) ?? Math.ceil(length / (most - 1));
  const start_ms = Math.floor(range.from_ms / step_ms) * step_ms;
  return { start_ms, step_ms, count: Math.ceil((range.to_ms - start_ms) / step_ms) };
}

/** coveredSeconds is how much of a bucket lies in the range, so that partial buckets show their true rate. */
export function coveredSeconds(buckets: Buckets, range: Range, index: number): number {
  const start = buckets.start_ms + index * buckets.step_ms;
  const end = Math.min(start + buckets.step_ms, range.to_ms);
  return Math.max(0.001, (end - Math.max(start, range.from_ms)) / 1000);
}

/** series makes an array with one entry per bucket. */
export function series<T>(buckets: Buckets, empty: T): T[] {
  return Array.from({ length: buckets.count }, () => empty);
}

/** histogramOf puts counted buckets onto the axis. */
export function histogramOf(
  buckets: Buckets,
  rows: readonly { readonly bucket: number; readonly items: number; readonly errors: number }[],
): Histogram {
  const count = series(buckets, 0);
  const errors = series(buckets, 0);
  for (const row of rows) {
    if (row.bucket < 0 || row.bucket >= buckets.count) continue;
    count[row.bucket] = row.items;
    errors[row.bucket] = row.errors;
  }
  return { buckets, count, errors };
}
