import type { ValueType } from "./ast.js";

/** Signature is what a function takes and gives. */
export interface Signature {
  readonly takes: readonly ValueType[];
  /** more says how many arguments beyond the last but one may be left out or added: 0 none, -1 any number (Prometheus' "variadic"). */
  readonly more: number;
  readonly gives: ValueType;
}

const vector = "vector" as const;
const matrix = "matrix" as const;
const scalar = "scalar" as const;
const string = "string" as const;

const signature = (gives: ValueType, takes: readonly ValueType[], more = 0): Signature => ({
  takes,
  more,
  gives,
});

const overVector = signature(vector, [vector]);
const overRange = signature(vector, [matrix]);
const ofTime = signature(vector, [vector], 1);
const number = signature(scalar, []);

const group = (names: string, value: Signature): [string, Signature][] =>
  names.split(" ").map((name) => [name, value]);

/** SIGNATURES lists every function (prometheus.io/docs/prometheus/latest/querying/functions, 3.x with the experimental ones). */
export const SIGNATURES: ReadonlyMap<string, Signature> = new Map([
  ...group("abs absent ceil exp floor ln log10 log2 sgn sort sort_desc sqrt timestamp", overVector),
  ...group("acos acosh asin asinh atan atanh cos cosh deg rad sin sinh tan tanh", overVector),
  ...group("histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar", overVector),
  ...group("days_in_month day_of_month day_of_week day_of_year hour minute month year", ofTime),
  ...group(
    "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase",
    overRange,
  ),
  ...group(
    "irate last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets",
    overRange,
  ),
  ...group(
    "stddev_over_time stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time",
    overRange,
  ),
  ...group("ts_of_max_over_time ts_of_min_over_time", overRange),
  ...group("pi time start end range step", number),
  ["clamp", signature(vector, [vector, scalar, scalar])],
  ["clamp_max", signature(vector, [vector, scalar])],
  ["clamp_min", signature(vector, [vector, scalar])],
  ["double_exponential_smoothing", signature(vector, [matrix, scalar, scalar])],
  ["histogram_fraction", signature(vector, [scalar, scalar, vector])],
  ["histogram_quantile", signature(vector, [scalar, vector])],
  ["histogram_quantiles", signature(vector, [vector, string, scalar, scalar], 9)],
  ["info", signature(vector, [vector, vector], 1)],
  ["integral", signature(vector, [matrix, scalar], 1)],
  ["label_join", signature(vector, [vector, string, string, string], -1)],
  ["label_replace", signature(vector, [vector, string, string, string, string])],
  ["max_of", signature(scalar, [scalar, scalar])],
  ["min_of", signature(scalar, [scalar, scalar])],
  ["predict_linear", signature(vector, [matrix, scalar])],
  ["quantile_over_time", signature(vector, [scalar, matrix])],
  ["round", signature(vector, [vector, scalar], 1)],
  ["scalar", signature(scalar, [vector])],
  ["sort_by_label", signature(vector, [vector, string], -1)],
  ["sort_by_label_desc", signature(vector, [vector, string], -1)],
  ["vector", signature(vector, [scalar])],
]);
