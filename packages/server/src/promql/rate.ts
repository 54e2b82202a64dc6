/** Window is the samples of one series that a range holds at one step: those with index from <= i < to. */
export interface Window {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly starts: Float64Array | undefined;
  readonly from: number;
  readonly to: number;
  /** start is exclusive, end inclusive; Unix milliseconds. */
  readonly start: number;
  readonly end: number;
}

/** RateKind says what of a range is wanted. */
export interface RateKind {
  /** isCounter takes a fall for a restart from 0. */
  readonly isCounter: boolean;
  /** isRate divides by the range's seconds. */
  readonly isRate: boolean;
}

/**
 * isReset tells from start times whether a counter began anew between two samples. A start at the earlier sample's time
 * says so only when that sample's own start is known and lies before it; one at or after the sample's own time says nothing.
 */
export function isReset(startBefore: number, timeBefore: number, start: number, time: number): boolean {
  if (startBefore === start || start === 0 || start >= time || start < timeBefore) return false;
  if (start > timeBefore) return true;
  return startBefore !== 0 && startBefore < timeBefore;
}

const at = (values: Float64Array, i: number): number => values[i] ?? Number.NaN;
const startAt = (window: Window, i: number): number => window.starts?.[i] ?? 0;

/**
 * extrapolated is what rate(), increase() and delta() give: the difference over the samples, carried on to the range's ends
 * when they are near, and for counters never below zero (prometheus.io/docs/prometheus/latest/querying/functions/#rate).
 */
export function extrapolated(window: Window, { isCounter, isRate }: RateKind): number | undefined {
  const { times, values, from, to, start, end } = window;
  const last = to - 1;
  if (last < from) return undefined;
  const gaps = last - from;
  let result = at(values, last) - at(values, from);
  if (isCounter) {
    for (let i = from + 1; i < to; i++) {
      const restarted = isReset(startAt(window, i - 1), at(times, i - 1), startAt(window, i), at(times, i));
      if (at(values, i) < at(values, i - 1) || restarted) result += at(values, i - 1);
    }
  }
  let toStart = (at(times, from) - start) / 1000;
  let toEnd = (end - at(times, last)) / 1000;
  let sampled = (at(times, last) - at(times, from)) / 1000;
  const average = gaps > 0 ? sampled / gaps : 0;
  const near = average * 1.1;
  const firstStart = startAt(window, from);
  if (isCounter && firstStart !== 0 && firstStart > start && firstStart < at(times, from)) {
    // The series began within the range: there it was zero, and nothing needs to be guessed.
    toStart = 0;
    sampled = (at(times, last) - firstStart) / 1000;
    result += at(values, from);
  } else if (gaps === 0) {
    return undefined;
  } else {
    if (toStart >= near) toStart = average / 2;
    if (isCounter && result > 0 && at(values, from) >= 0) {
      toStart = Math.min(toStart, sampled * (at(values, from) / result));
    }
  }
  if (toEnd >= near) toEnd = average / 2;
  let factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  if (isRate) factor /= (end - start) / 1000;
  return result * factor;
}

/** lastDifference is what irate() and idelta() give: the two newest samples' difference. */
export function lastDifference(window: Window, isRate: boolean): number | undefined {
  const { times, values, from, to } = window;
  if (to - from < 2) return undefined;
  const [before, last] = [to - 2, to - 1];
  const elapsed = at(times, last) - at(times, before);
  if (elapsed === 0) return undefined;
  const restarted =
    at(values, last) < at(values, before) ||
    isReset(startAt(window, before), at(times, before), startAt(window, last), at(times, last));
  const result = isRate && restarted ? at(values, last) : at(values, last) - at(values, before);
  return isRate ? result / (elapsed / 1000) : result;
}

interface Edge {
  readonly value: number;
  readonly startTime: number;
}

const isResetAfter = (limit: number, start: number, time: number): boolean =>
  start > limit && time > limit && isReset(limit, limit, start, time);

function interpolated(
  t1: number,
  v1: number,
  t2: number,
  v2: number,
  time: number,
  isCounter: boolean,
): number {
  const first = isCounter && v2 < v1 ? 0 : v1;
  return first + ((v2 - first) * (time - t1)) / (t2 - t1);
}

/** edgeIndexes finds the samples that a range's ends are taken from: the last one at or before its start, and the last that counts for its end. */
function edgeIndexes(
  { times, from, to, start, end }: Window,
  smoothed: boolean,
): { first: number; last: number } | undefined {
  if (to <= from) return undefined;
  let last = to - 1;
  let first = from;
  while (first < last && at(times, first + 1) <= start) first++;
  if (smoothed) {
    let i = from;
    while (i < last && at(times, i) < end) i++;
    last = i;
  }
  return at(times, last) <= start ? undefined : { first, last };
}

/** edges gives a range's values at its ends, for what is no counter; undefined when there are none. */
export function edges(
  window: Window,
  smoothed: boolean,
  lookback: number,
): { readonly left: number; readonly right: number } | undefined {
  const found = edgeIndexes(window, smoothed);
  if (found === undefined) return undefined;
  const before = window.start - lookback;
  return {
    left: leftEdge(window, found.first, before, smoothed, false).value,
    right: rightEdge(window, found.last, before, smoothed, false).value,
  };
}

/**
 * extended is rate(), increase() and delta() of ranges marked `anchored` or `smoothed`: the window reaches beyond the range,
 * and the values at the range's own ends are taken from the sample before (anchored) or interpolated (smoothed).
 * `lookback` is how far back the window reaches, in milliseconds.
 */
export function extended(
  window: Window,
  kind: RateKind,
  smoothed: boolean,
  lookback: number,
): number | undefined {
  const { times, start, end } = window;
  const { isCounter } = kind;
  const found = edgeIndexes(window, smoothed);
  if (found === undefined) return undefined;
  let { first, last } = found;
  const before = start - lookback;
  if (smoothed && at(times, first) > end) {
    const began = startAt(window, first);
    const isKnown = isCounter && isResetAfter(before, began, at(times, first));
    if (!isKnown || isResetAfter(end, began, at(times, first))) return undefined;
  }
  const left = leftEdge(window, first, before, smoothed, isCounter);
  const right = rightEdge(window, last, before, smoothed, isCounter);
  let result = right.value - left.value;
  if (isCounter) {
    if (at(times, first) <= start) first++;
    if (at(times, last) >= end) last--;
    result += restarts(window, left, right, first, last);
  }
  return kind.isRate ? result / ((end - start) / 1000) : result;
}

function leftEdge(
  window: Window,
  first: number,
  before: number,
  smoothed: boolean,
  isCounter: boolean,
): Edge {
  const { times, values, start } = window;
  let [time, value] = [at(times, first), at(values, first)];
  const own = startAt(window, first);
  let startTime = own > start ? 0 : own;
  if (time === start) return { value, startTime: own };
  if (time > start) {
    if (!isCounter || !isResetAfter(before, own, time)) return { value, startTime };
    if (isResetAfter(start, own, time)) return { value: 0, startTime };
    return { value: smoothed ? interpolated(own, 0, time, value, start, isCounter) : 0, startTime };
  }
  let [nextTime, nextValue] = [at(times, first + 1), at(values, first + 1)];
  const nextStart = startAt(window, first + 1);
  if (isCounter && isResetAfter(start, nextStart, nextTime)) [nextTime, nextValue] = [nextStart, 0];
  else if (isCounter && isReset(own, time, nextStart, nextTime)) {
    [time, value] = [nextStart, 0];
    startTime = nextStart;
  }
  return {
    value: smoothed ? interpolated(time, value, nextTime, nextValue, start, isCounter) : value,
    startTime,
  };
}

function rightEdge(
  window: Window,
  last: number,
  before: number,
  smoothed: boolean,
  isCounter: boolean,
): Edge {
  const { times, values, from, end } = window;
  let [time, value] = [at(times, last), at(values, last)];
  const own = startAt(window, last);
  let startTime = own > end ? 0 : own;
  if (time <= end) return { value, startTime };
  if (last === from) {
    if (!isCounter || !isResetAfter(before, own, time)) return { value, startTime };
    if (isResetAfter(end, own, time)) return { value: 0, startTime };
    return { value: smoothed ? interpolated(own, 0, time, value, end, isCounter) : 0, startTime };
  }
  let [previousTime, previousValue] = [at(times, last - 1), at(values, last - 1)];
  const previousStart = startAt(window, last - 1);
  if (isCounter && isResetAfter(end, own, time)) {
    [time, value] = [own, 0];
    startTime = previousStart;
  } else if (isCounter && isReset(previousStart, previousTime, own, time)) {
    [previousTime, previousValue] = [own, 0];
  }
  return {
    value: smoothed ? interpolated(previousTime, previousValue, time, value, end, isCounter) : previousValue,
    startTime,
  };
}

/** restarts is what counters had reached each time before they began anew within the range. */
function restarts(window: Window, left: Edge, right: Edge, first: number, last: number): number {
  const { times, values, start, end } = window;
  let total = 0;
  let [value, time, startTime] = [left.value, start, left.startTime];
  for (let i = first; i <= last; i++) {
    const own = startAt(window, i);
    if (at(values, i) < value || isReset(startTime, time, own, at(times, i))) total += value;
    [value, time, startTime] = [at(values, i), at(times, i), own];
  }
  if (right.value < value || isReset(startTime, time, right.startTime, end)) total += value;
  return total;
}
