import type { LinearBuckets } from "@go3s/lang";

/** Bucket is one row of a histogram: its bounds (both inside), undefined where it has none, and its count. */
export interface Bucket {
  readonly label: string;
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  readonly count: bigint;
}

const barWidth = 52;
const powers = ["", "K", "M", "G", "T", "P", "E"];

/** linearLabel writes a bound: with steps of 1024 its whole multiples have their letter. */
function linearLabel(value: bigint, step: bigint): string {
  if (value === 0n || step % 1024n !== 0n) return value.toString();
  if (value % 1_048_576n === 0n) return `${value / 1_048_576n}M`;
  return value % 1024n === 0n ? `${value / 1024n}K` : value.toString();
}

/** between gives the numbers of the first and the last bucket that has something in it. */
function between(counts: ReadonlyMap<number, bigint>): [number, number] | undefined {
  const used = [...counts].filter(([, count]) => count > 0n).map(([index]) => index);
  return used.length === 0 ? undefined : [Math.min(...used), Math.max(...used)];
}

/** powerBuckets are hist()'s rows: below zero, the first numbers, then 2^bits buckets for each power of two. */
export function powerBuckets(counts: ReadonlyMap<number, bigint>, bits = 0): Bucket[] {
  const range = between(counts);
  if (range === undefined) return [];
  // Up to here a bucket is one number; behind it, bucket i begins where powerStart says.
  const plain = 2 << bits;
  const start = (i: number): { label: string; value: bigint } => {
    if (i < plain) return { label: String(i), value: BigInt(i) };
    const power = (i >> bits) - 1;
    const part = (1 << bits) + (i & ((1 << bits) - 1));
    const label = `${(1 << (power % 10)) * part}${powers[Math.floor(power / 10)] ?? ""}`;
    return { label, value: (1n << BigInt(power)) * BigInt(part) };
  };
  const rows: Bucket[] = [];
  for (let i = range[0]; i <= range[1]; i++) {
    const count = counts.get(i) ?? 0n;
    if (i === 0) rows.push({ label: "(..., 0)", min: undefined, max: -1n, count });
    else if (i <= plain) rows.push({ label: `[${i - 1}]`, min: BigInt(i - 1), max: BigInt(i - 1), count });
    else {
      const [from, to] = [start(i - 1), start(i)];
      rows.push({ label: `[${from.label}, ${to.label})`, min: from.value, max: to.value - 1n, count });
    }
  }
  return rows;
}

/** linearBuckets are lhist()'s rows: below, the steps, above. */
export function linearBuckets(counts: ReadonlyMap<number, bigint>, linear: LinearBuckets): Bucket[] {
  const range = between(counts);
  if (range === undefined) return [];
  const { low, high, step } = linear;
  const last = Number((high - low + step - 1n) / step) + 1;
  const rows: Bucket[] = [];
  for (let i = range[0]; i <= range[1]; i++) {
    const count = counts.get(i) ?? 0n;
    if (i === 0)
      rows.push({ label: `(..., ${linearLabel(low, step)})`, min: undefined, max: low - 1n, count });
    else if (i === last)
      rows.push({ label: `[${linearLabel(high, step)}, ...)`, min: high, max: undefined, count });
    else {
      const from = low + BigInt(i - 1) * step;
      const to = from + step;
      rows.push({
        label: `[${linearLabel(from, step)}, ${linearLabel(to, step)})`,
        min: from,
        max: to - 1n,
        count,
      });
    }
  }
  return rows;
}

/** bars draws rows as text. */
export function bars(rows: readonly Bucket[], divisor: number): string {
  let most = 1n;
  for (const { count } of rows) if (count > most) most = count;
  return rows
    .map(({ label, count }) => {
      const bar = "@".repeat(Math.floor((Number(count) / Number(most)) * barWidth)).padEnd(barWidth);
      return `${label.padEnd(16)}${(count / BigInt(divisor)).toString().padStart(8)} |${bar}|\n`;
    })
    .join("");
}
