import { coveredSeconds } from "../api/buckets.js";
import type { Buckets, Range } from "../api/types.js";
import type { Question, Windows } from "./model.js";
import { type BucketFigures, findStretch } from "./window.js";

/** Rates are requests a second in the affected time and before. */
export interface Rates {
  readonly now: number;
  readonly usual: number;
}

/** lookedRange is the range asked about and as much before it; when the change is known, at least three times what came since. */
export function lookedRange({ range, since_ms }: Question): Range {
  const length = range.to_ms - range.from_ms;
  if (since_ms === undefined) return { from_ms: Math.max(0, range.from_ms - length), to_ms: range.to_ms };
  const since = range.to_ms - since_ms;
  return { from_ms: Math.max(0, Math.min(range.from_ms, since_ms - 3 * since)), to_ms: range.to_ms };
}

/** Found are the windows and which figure showed them. */
export interface Found {
  readonly windows: Windows;
  readonly figure: "latency" | "errors" | undefined;
}

// Fewer requests than this before something began say little of what is usual.
const leastBefore = 20;

/** windowsOf chooses the two times: by what stands out of the series, else by when it began where that is known, else by the range. */
export function windowsOf(
  { range, since_ms }: Question,
  looked: Range,
  buckets: Buckets,
  series: readonly BucketFigures[],
): Found {
  const timeOf = (bucket: number) => buckets.start_ms + bucket * buckets.step_ms;
  const requests = (from: number, to: number) =>
    series.slice(from, to).reduce((sum, row) => sum + row.requests, 0);
  const first = Math.max(0, Math.floor((range.from_ms - buckets.start_ms) / buckets.step_ms));
  const stretch = findStretch(series, since_ms === undefined ? first : 0);
  if (since_ms !== undefined) {
    // Whoever saw it may have seen it late: what stands out may have begun earlier, and what came before that is usual.
    const isIt = stretch !== undefined && timeOf(stretch.from) < since_ms && timeOf(stretch.to) > since_ms;
    const from_ms = isIt ? Math.max(looked.from_ms, timeOf(stretch.from)) : since_ms;
    const affected = { from_ms, to_ms: looked.to_ms };
    return {
      windows: { affected, baseline: { from_ms: looked.from_ms, to_ms: from_ms } },
      figure: undefined,
    };
  }
  if (stretch === undefined) {
    // A service that was seen first within the range is compared with its own beginning.
    const isNew = requests(0, first) < leastBefore;
    const began = timeOf(
      Math.max(
        0,
        series.findIndex((row) => row.requests > 0),
      ),
    );
    const split = isNew ? Math.round(began + 0.75 * (range.to_ms - began)) : range.from_ms;
    const affected = { from_ms: split, to_ms: range.to_ms };
    return { windows: { affected, baseline: { from_ms: looked.from_ms, to_ms: split } }, figure: undefined };
  }
  const affected = {
    from_ms: Math.max(looked.from_ms, timeOf(stretch.from)),
    to_ms: Math.min(looked.to_ms, timeOf(stretch.to)),
  };
  const baseline =
    requests(0, stretch.from) >= leastBefore
      ? { from_ms: looked.from_ms, to_ms: affected.from_ms }
      : { from_ms: affected.to_ms, to_ms: looked.to_ms };
  return { windows: { affected, baseline }, figure: stretch.figure };
}

/** bucketsAt gives the buckets [from, to) that a range touches. */
export function bucketsAt({ start_ms, step_ms, count }: Buckets, range: Range): { from: number; to: number } {
  const from = Math.max(0, Math.floor((range.from_ms - start_ms) / step_ms));
  return { from, to: Math.min(count, Math.max(from + 1, Math.ceil((range.to_ms - start_ms) / step_ms))) };
}

/** rateOf is requests a second, from the first that ever came: before it there was nothing to be usual. */
export function rateOf(
  series: readonly BucketFigures[],
  buckets: Buckets,
  looked: Range,
  range: Range,
): number {
  const first = Math.max(
    0,
    series.findIndex((row) => row.requests > 0),
  );
  const { from, to } = bucketsAt(buckets, range);
  let count = 0;
  let seconds = 0;
  for (let at = Math.max(first, from); at < to; at++) {
    count += series[at]?.requests ?? 0;
    seconds += coveredSeconds(buckets, looked, at);
  }
  return seconds === 0 ? 0 : count / seconds;
}

// Spans of a request may begin before it and end long after it.
const marginMs = 60_000;

/** withinOf is the time in which all spans of requests at these times lie. */
export function withinOf(times: readonly number[]): Range {
  let from_ms = Number.POSITIVE_INFINITY;
  let to_ms = 0;
  for (const at of times) {
    from_ms = Math.min(from_ms, at);
    to_ms = Math.max(to_ms, at);
  }
  return { from_ms: Math.max(0, Math.floor(from_ms) - marginMs), to_ms: Math.ceil(to_ms) + marginMs };
}

/** graceOf is how long before something begins its cause may have come. */
// A version that is seen first shortly before something begins may have caused it; two steps, as times are known by steps.
export const graceOf = (buckets: Buckets): number => Math.max(60_000, 2 * buckets.step_ms);

/** expectedRatio is by how much a count of before must be multiplied for the affected time: by length and by traffic. */
export function expectedRatio({ affected, baseline }: Windows, rates: Rates): number {
  const lengths = (affected.to_ms - affected.from_ms) / Math.max(1, baseline.to_ms - baseline.from_ms);
  const traffic = rates.usual > 0 ? Math.min(10, Math.max(0.1, rates.now / rates.usual)) : 1;
  return lengths * Math.max(1, traffic);
}
