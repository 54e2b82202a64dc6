const said: Readonly<Record<string, string>> = {
  rate: "per second over a range, of a counter",
  irate: "per second between the last two points, of a counter",
  increase: "how much a counter grew over a range",
  histogram_quantile:
    "a quantile (0 to 1) of a histogram's buckets: histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
  histogram_fraction: "which share of a histogram lies between two values",
  delta: "difference between a gauge's last and first value of a range",
  deriv: "slope per second of a gauge, by least squares",
  predict_linear: "where a gauge will be in so many seconds",
  avg_over_time: "mean of a range's points",
  max_over_time: "largest of a range's points",
  min_over_time: "smallest of a range's points",
  quantile_over_time: "a quantile (0 to 1) of a range's points",
  absent: "1 where nothing is found",
  changes: "how often a value changed in a range",
  resets: "how often a counter started again",
  label_replace: "a new label from another by a regular expression",
  label_join: "a new label from others joined",
  clamp_max: "no value above a limit",
  clamp_min: "no value below a limit",
  topk: "the k largest series",
  info: "adds a resource's labels",
};

const names =
  "abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max clamp_min cos cosh " +
  "count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv double_exponential_smoothing exp first_over_time " +
  "floor histogram_avg histogram_count histogram_fraction histogram_quantile histogram_quantiles histogram_stddev histogram_stdvar " +
  "histogram_sum hour idelta increase info integral irate label_join label_replace last_over_time ln log10 log2 mad_over_time " +
  "max_of max_over_time min_of min_over_time minute month pi predict_linear present_over_time quantile_over_time rad range rate " +
  "resets round scalar sgn sin sinh sort sort_by_label sort_by_label_desc sort_desc sqrt stddev_over_time stdvar_over_time step " +
  "sum_over_time tan tanh time timestamp ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time vector year";

/** functions lists PromQL's functions as the server has them (docs/prometheus.md), with a word on those used most. */
export const functions: readonly (readonly [name: string, says: string])[] = names
  .split(" ")
  .map((name) => [name, said[name] ?? ""]);
