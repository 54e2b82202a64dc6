import { executionError } from "./errors.js";
import { meanOf, quantileOf, Sum, sumOf, varianceOf } from "./kahan.js";
import { extended, extrapolated, isReset, lastDifference, type RateKind, type Window } from "./rate.js";

/** RangeContext is what a function of a range may need beyond its window. */
export interface RangeContext {
  /** parameters are the call's other arguments at this step, in their order. */
  readonly parameters: readonly number[];
  /** time is the step's, in Unix milliseconds. */
  readonly time: number;
  readonly extended: "anchored" | "smoothed" | undefined;
  /** lookback is how far back samples count, in milliseconds. */
  readonly lookback: number;
  readonly warn: (text: string) => void;
}

/** RangeFunction makes one value of a window; undefined where there is none. */
export type RangeFunction = (window: Window, context: RangeContext) => number | undefined;

const at = (values: Float64Array, i: number): number => values[i] ?? Number.NaN;

const rate =
  (kind: RateKind): RangeFunction =>
  (window, context) =>
    context.extended === undefined
      ? extrapolated(window, kind)
      : extended(window, kind, context.extended === "smoothed", context.lookback);

/** ofValues makes a function that needs at least one sample. */
const ofValues =
  (compute: (values: Float64Array, from: number, to: number) => number): RangeFunction =>
  ({ values, from, to }) =>
    to > from ? compute(values, from, to) : undefined;

/** extreme finds the newest-first or oldest-first extreme; NaN gives way to any number. */
function extreme({ values, from, to }: Window, better: (value: number, best: number) => boolean): number {
  let best = from;
  for (let i = from; i < to; i++) {
    if (better(at(values, i), at(values, best)) || Number.isNaN(at(values, best))) best = i;
  }
  return best;
}

const extremeValue =
  (better: (value: number, best: number) => boolean): RangeFunction =>
  (window) =>
    window.to > window.from ? at(window.values, extreme(window, better)) : undefined;

const extremeTime =
  (better: (value: number, best: number) => boolean): RangeFunction =>
  (window) =>
    window.to > window.from ? at(window.times, extreme(window, better)) / 1000 : undefined;

/** firstWithin gives the first sample that changes() and resets() compare with: an anchored range begins with the last one before it. */
function firstWithin({ times, from, to, start }: Window, context: RangeContext): number | undefined {
  if (context.extended === undefined) return from;
  let first = from;
  while (first + 1 < to && at(times, first + 1) <= start) first++;
  return at(times, to - 1) <= start ? undefined : first;
}

const changes: RangeFunction = (window, context) => {
  const { values, from, to } = window;
  if (to <= from) return undefined;
  const first = firstWithin(window, context);
  if (first === undefined) return undefined;
  let count = 0;
  for (let i = first + 1; i < to; i++) if (!Object.is(at(values, i) + 0, at(values, i - 1) + 0)) count++;
  return count;
};

const resets: RangeFunction = (window, context) => {
  const { values, times, starts, from, to } = window;
  if (to <= from) return undefined;
  const first = firstWithin(window, context);
  if (first === undefined) return undefined;
  let count = 0;
  for (let i = first + 1; i < to; i++) {
    const fell = at(values, i) < at(values, i - 1);
    if (fell || isReset(starts?.[i - 1] ?? 0, at(times, i - 1), starts?.[i] ?? 0, at(times, i))) count++;
  }
  return count;
};

/** regression fits a line by least squares; the intercept is at `origin` (Unix milliseconds). */
function regression(window: Window, origin: number): { slope: number; intercept: number } {
  const { times, values, from, to } = window;
  const [sumX, sumY, sumXY, sumXX] = [new Sum(), new Sum(), new Sum(), new Sum()];
  const initial = at(values, from);
  let constant = true;
  for (let i = from; i < to; i++) {
    const [x, y] = [(at(times, i) - origin) / 1000, at(values, i)];
    if (y !== initial && i > from) constant = false;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumXX.add(x * x);
  }
  if (constant) {
    return Number.isFinite(initial) || Number.isNaN(initial)
      ? { slope: 0, intercept: initial }
      : { slope: Number.NaN, intercept: Number.NaN };
  }
  const n = to - from;
  const slope =
    (sumXY.value() - (sumX.value() * sumY.value()) / n) / (sumXX.value() - (sumX.value() * sumX.value()) / n);
  return { slope, intercept: sumY.value() / n - (slope * sumX.value()) / n };
}

const smoothing: RangeFunction = ({ values, from, to }, { parameters }) => {
  const [factor = Number.NaN, trendFactor = Number.NaN] = parameters;
  if (factor <= 0 || factor >= 1) {
    throw executionError(`invalid smoothing factor. Expected: 0 < sf < 1, got: ${factor.toFixed(6)}`);
  }
  if (trendFactor <= 0 || trendFactor >= 1) {
    throw executionError(`invalid trend factor. Expected: 0 < tf < 1, got: ${trendFactor.toFixed(6)}`);
  }
  if (to - from < 2) return undefined;
  let before = 0;
  let level = at(values, from);
  let trend = at(values, from + 1) - at(values, from);
  for (let i = from + 1; i < to; i++) {
    if (i > from + 1) trend = trendFactor * (level - before) + (1 - trendFactor) * trend;
    const next = factor * at(values, i) + (1 - factor) * (level + trend);
    [before, level] = [level, next];
  }
  return level;
};

const deviation: RangeFunction = ({ values, from, to }) => {
  if (to <= from) return undefined;
  const part = values.subarray(from, to);
  if (part.some(Number.isNaN)) return Number.NaN;
  const median = quantileOf(0.5, part);
  return quantileOf(
    0.5,
    part.map((value) => Math.abs(value - median)),
  );
};

const integral: RangeFunction = ({ times, values, from, to }, { parameters, warn }) => {
  if (to <= from) return undefined;
  let strategy = parameters[0] ?? 2;
  if (strategy !== 0 && strategy !== 1 && strategy !== 2) {
    warn("strategy should be 0, 1, or 2 (default), using 2");
    strategy = 2;
  }
  const number = (i: number): number => (Number.isNaN(at(values, i)) ? 0 : at(values, i));
  const sum = new Sum();
  for (let i = from + 1; i < to; i++) {
    const seconds = (at(times, i) - at(times, i - 1)) / 1000;
    const [before, now] = [number(i - 1), number(i)];
    if (strategy === 0) sum.add(before * seconds);
    else if (strategy === 1) sum.add(now * seconds);
    else {
      // Halved first, so that two huge values do not overflow.
      sum.add((before / 2) * seconds);
      sum.add((now / 2) * seconds);
    }
  }
  return sum.value();
};

/** RANGE_FUNCTIONS are the functions of a range vector, by name. */
export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ["rate", rate({ isCounter: true, isRate: true })],
  ["increase", rate({ isCounter: true, isRate: false })],
  ["delta", rate({ isCounter: false, isRate: false })],
  ["irate", (window) => lastDifference(window, true)],
  ["idelta", (window) => lastDifference(window, false)],
  ["changes", changes],
  ["resets", resets],
  ["avg_over_time", ofValues(meanOf)],
  ["sum_over_time", ofValues(sumOf)],
  ["count_over_time", ofValues((_, from, to) => to - from)],
  ["present_over_time", ofValues(() => 1)],
  ["absent_over_time", ofValues(() => 1)],
  ["first_over_time", ofValues((values, from) => at(values, from))],
  ["last_over_time", ofValues((values, _, to) => at(values, to - 1))],
  ["stdvar_over_time", ofValues(varianceOf)],
  ["stddev_over_time", ofValues((values, from, to) => Math.sqrt(varianceOf(values, from, to)))],
  ["max_over_time", extremeValue((value, best) => value > best)],
  ["min_over_time", extremeValue((value, best) => value < best)],
  ["ts_of_max_over_time", extremeTime((value, best) => value >= best)],
  ["ts_of_min_over_time", extremeTime((value, best) => value <= best)],
  ["ts_of_first_over_time", ({ times, from, to }) => (to > from ? at(times, from) / 1000 : undefined)],
  ["ts_of_last_over_time", ({ times, from, to }) => (to > from ? at(times, to - 1) / 1000 : undefined)],
  ["mad_over_time", deviation],
  ["integral", integral],
  ["double_exponential_smoothing", smoothing],
  [
    "quantile_over_time",
    ({ values, from, to }, { parameters, warn }) => {
      const [q = Number.NaN] = parameters;
      if (!(q >= 0 && q <= 1)) warn(`quantile value should be between 0 and 1, got ${goFloat(q)}`);
      return to > from ? quantileOf(q, values.subarray(from, to)) : undefined;
    },
  ],
  [
    "deriv",
    (window) =>
      window.to - window.from < 2 ? undefined : regression(window, at(window.times, window.from)).slope,
  ],
  [
    "predict_linear",
    (window, { parameters, time }) => {
      if (window.to - window.from < 2) return undefined;
      const { slope, intercept } = regression(window, time);
      return slope * (parameters[0] ?? Number.NaN) + intercept;
    },
  ],
]);

/** KEEPS_NAME are the functions whose result is still a sample of the metric itself. */
export const KEEPS_NAME: ReadonlySet<string> = new Set(["first_over_time", "last_over_time"]);

/** goFloat writes a number as Go's %g does, for messages that clients compare. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}
