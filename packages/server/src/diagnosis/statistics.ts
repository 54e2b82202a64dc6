// Small statistics, each over plain arrays.

/** quantile of sorted values, between neighbours by their distance; 0 of none. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

/** ascending gives a sorted copy. */
export const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** median of values in any order; 0 of none. */
export const median = (values: readonly number[]): number => quantile(ascending(values), 0.5);

/** mean of values; 0 of none. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

// The median of absolute deviations of a normal distribution is its standard deviation over this.
const madScale = 1.4826;

/** spreadAbout is the usual distance from a centre, as a standard deviation: by the median, so that few far values do not count. */
export function spreadAbout(values: readonly number[], centre: number): number {
  return madScale * median(values.map((value) => Math.abs(value - centre)));
}

/** proportionZ compares two shares, a of n with b of m, by the pooled standard error; positive when the first is larger. */
export function proportionZ(a: number, n: number, b: number, m: number): number {
  if (n === 0 || m === 0) return 0;
  const pooled = (a + b) / (n + m);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  return error === 0 ? 0 : (a / n - b / m) / error;
}

/** wilsonLow is the lower end of a share's 95 % interval (Wilson 1927): what few observations allow to claim. */
export function wilsonLow(hits: number, of: number): number {
  if (of === 0) return 0;
  const z = 1.96;
  const share = hits / of;
  const centre = share + (z * z) / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return Math.max(0, (centre - half) / (1 + (z * z) / of));
}

/** rankSumZ is Mann and Whitney's test with ties: positive when the first are larger. */
export function rankSumZ(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((value) => ({ value, first: true })), ...b.map((value) => ({ value, first: false }))];
  all.sort((x, y) => x.value - y.value);
  let ranks = 0;
  let ties = 0;
  for (let start = 0; start < all.length; ) {
    let end = start;
    while (end < all.length && all[end]?.value === all[start]?.value) end++;
    const rank = (start + 1 + end) / 2;
    for (let at = start; at < end; at++) if (all[at]?.first === true) ranks += rank;
    const tied = end - start;
    ties += tied ** 3 - tied;
    start = end;
  }
  const n = a.length;
  const m = b.length;
  const total = n + m;
  if (n === 0 || m === 0) return 0;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  return variance <= 0 ? 0 : (ranks - (n * (total + 1)) / 2) / Math.sqrt(variance);
}

/** Separation is where two samples differ most: above `threshold` lies `excess` more of the second; z grows with the samples' sizes. */
export interface Separation {
  readonly threshold: number;
  readonly excess: number;
  readonly z: number;
}

/** separation is Kolmogorov and Smirnov's one-sided distance: how much of `other` is larger than what `base` has. */
export function separation(base: readonly number[], other: readonly number[]): Separation {
  const a = ascending(base);
  const b = ascending(other);
  let threshold = 0;
  let excess = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < a.length && (a[i] ?? 0) <= value) i++;
    while (j < b.length && (b[j] ?? 0) <= value) j++;
    const distance = i / a.length - j / b.length;
    if (distance > excess) {
      excess = distance;
      threshold = value;
    }
  }
  const size = (a.length * b.length) / Math.max(1, a.length + b.length);
  return { threshold, excess, z: excess * Math.sqrt(size) };
}

/** gTest is the likelihood-ratio statistic of a 2x2 table, a of n against b of m; its root is a z value. */
export function gTest(a: number, n: number, b: number, m: number): number {
  const hit = (a + b) / (n + m);
  const part = (seen: number, expected: number): number =>
    seen === 0 || expected === 0 ? 0 : seen * Math.log(seen / expected);
  const sum = part(a, n * hit) + part(n - a, n * (1 - hit)) + part(b, m * hit) + part(m - b, m * (1 - hit));
  return Math.max(0, 2 * sum);
}

/** chanceOf is how often a z value that far from 0, to either side, comes by chance (Abramowitz and Stegun 7.1.26, within 1.5e-7). */
export function chanceOf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.min(1, poly * Math.exp(-x * x));
}

/** discoveries is Benjamini and Hochberg's rule: which of many chances stand when a share `rate` of what stands may be false. */
export function discoveries(chances: readonly number[], rate: number): boolean[] {
  const order = chances.map((chance, at) => ({ chance, at })).sort((a, b) => a.chance - b.chance);
  let last = -1;
  order.forEach(({ chance }, rank) => {
    if (chance <= ((rank + 1) / chances.length) * rate) last = rank;
  });
  const stands = new Array<boolean>(chances.length).fill(false);
  for (const { at } of order.slice(0, last + 1)) stands[at] = true;
  return stands;
}
