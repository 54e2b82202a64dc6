import { edges } from "./rate.js";
import { type Grid, type Points, type Samples, timeAt } from "./series.js";

/** RangeSeries is a series whose samples a range function reads. */
export interface RangeSeries {
  readonly samples: Samples;
  readonly dropName: boolean;
}

/** Ranged is a range vector: its series, and the range before each step. */
export interface Ranged {
  readonly series: readonly RangeSeries[];
  readonly range: number;
  readonly moment: (i: number) => number;
  readonly extended: "anchored" | "smoothed" | undefined;
}

/** firstAfter gives the first index from `from` on whose time is later; steps are small, so it looks ahead before it halves. */
export function firstAfter(times: Float64Array, time: number, from: number): number {
  let low = from;
  for (let i = 0; i < 8 && low < times.length; i++, low++) if ((times[low] ?? 0) > time) return low;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** extendedSamples are those within an anchored or smoothed range, with a value at each of its ends. */
export function extendedSamples(
  { labels, times, values, starts }: Samples,
  { start, end, lookback }: { readonly start: number; readonly end: number; readonly lookback: number },
  smoothed: boolean,
): Samples[] {
  const from = firstAfter(times, start - lookback, 0);
  const to = firstAfter(times, end + (smoothed ? lookback : 0), from);
  const ends = edges({ times, values, starts, from, to, start, end }, smoothed, lookback);
  if (ends === undefined) return [];
  const inner = [firstAfter(times, start, from), firstAfter(times, end - 1, from)] as const;
  return [
    {
      labels,
      times: Float64Array.of(start, ...times.subarray(...inner), end),
      values: Float64Array.of(ends.left, ...values.subarray(...inner), ends.right),
    },
  ];
}

/** samplesOf gives a subquery's values as samples at its own steps. */
export function samplesOf(points: Points, grid: Grid): Samples {
  const there: number[] = [];
  for (let i = 0; i < grid.count; i++) if (points.present[i] === 1) there.push(i);
  return {
    labels: points.labels,
    times: Float64Array.from(there, (i) => timeAt(grid, i)),
    values: Float64Array.from(there, (i) => points.values[i] ?? Number.NaN),
  };
}
