import type { Expr, Matcher, ValueType, VectorSelector } from "./ast.js";
import { typeOf } from "./check.js";
import { executionError, PromqlError } from "./errors.js";
import { Evaluator } from "./evaluator.js";
import { parsePromql } from "./parse.js";
import { plan, type QueryTimes } from "./selection.js";
import { byLabels, type Grid, hasPoints, named, type Points, type Samples } from "./series.js";

/** SeriesSource gives the stored series that all matchers hold for, with their samples after `from` up to and with `to` (Unix milliseconds). */
export type SeriesSource = (
  matchers: readonly Matcher[],
  from: number,
  to: number,
  signal: AbortSignal,
) => Promise<readonly Samples[]>;

/** PromqlQuery is an expression and when it is evaluated; times are Unix milliseconds. */
export interface PromqlQuery {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** step is 0 for an instant query, whose start is its end. */
  readonly step: number;
  readonly source: SeriesSource;
  readonly signal: AbortSignal;
  /** lookback is how old the newest sample may be; default 5 minutes. */
  readonly lookback?: number;
}

/** PromqlResult is what a query gives; `grid` has its times. */
export interface PromqlResult {
  readonly type: ValueType;
  readonly grid: Grid;
  /** series hold vectors and, in a range query, numbers. */
  readonly series: readonly Points[];
  /** samples are an instant query's range vector. */
  readonly samples: readonly Samples[];
  readonly scalar: number | undefined;
  readonly text: string | undefined;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

const DEFAULT_LOOKBACK = 5 * 60_000;
/** A subquery that names no step takes this one, Prometheus' default evaluation interval. */
const SUBQUERY_STEP = 60_000;
/** STEPS_MAX is Prometheus' own bound on the points of one series. */
const STEPS_MAX = 11_000;

/** runPromql evaluates an expression. Rejects with PromqlError, and with what the source rejects with. */
export async function runPromql(query: PromqlQuery): Promise<PromqlResult> {
  const { text, start, end, step } = query;
  const expr = parsePromql(text);
  const grid = gridOf(query);
  const times: QueryTimes = {
    start,
    end,
    step,
    range: end - start,
    lookback: query.lookback ?? DEFAULT_LOOKBACK,
    subqueryStep: SUBQUERY_STEP,
  };
  const type = typeOf(expr);
  if (step > 0 && type !== "vector" && type !== "scalar") {
    throw new PromqlError(
      "bad_data",
      `invalid expression type "${type === "matrix" ? "range vector" : "string"}" for range query, must be Scalar or instant Vector`,
    );
  }
  const evaluator = new Evaluator(text, times, await fetched(expr, grid, times, query));
  const value = resultValue(expr, type, grid, evaluator, step);
  const { warnings, infos } = evaluator.notes;
  return { type, grid, ...value, warnings: [...warnings], infos: [...infos] };
}

type ResultValue = Pick<PromqlResult, "series" | "samples" | "scalar" | "text">;

function resultValue(
  expr: Expr,
  type: ValueType,
  grid: Grid,
  evaluator: Evaluator,
  step: number,
): ResultValue {
  const nothing: ResultValue = { series: [], samples: [], scalar: undefined, text: undefined };
  if (type === "string") return { ...nothing, text: textOf(expr) };
  if (type === "matrix") return { ...nothing, samples: evaluator.matrix(expr, grid) };
  if (type === "scalar") {
    const values = evaluator.scalar(expr, grid);
    if (step === 0) return { ...nothing, scalar: values[0] ?? Number.NaN };
    return {
      ...nothing,
      series: [{ labels: [], dropName: false, values, present: new Uint8Array(grid.count).fill(1) }],
    };
  }
  const series = named(evaluator.vector(expr, grid).filter(hasPoints));
  return { ...nothing, series: step > 0 ? byLabels(series) : series };
}

function gridOf({ start, end, step }: PromqlQuery): Grid {
  if (step === 0) return { start, step: 1, count: 1 };
  const count = Math.floor((end - start) / step) + 1;
  if (count > STEPS_MAX) {
    throw new PromqlError(
      "bad_data",
      `exceeded maximum resolution of ${STEPS_MAX.toLocaleString("en")} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  }
  return { start, step, count };
}

async function fetched(
  expr: Expr,
  grid: Grid,
  times: QueryTimes,
  { source, signal }: PromqlQuery,
): Promise<Map<VectorSelector, readonly Samples[]>> {
  const found = new Map<VectorSelector, readonly Samples[]>();
  await Promise.all(
    [...plan(expr, grid, times)].map(async ([selector, { from, to }]) => {
      if (!Number.isFinite(from) || !Number.isFinite(to)) throw executionError("a time is out of range");
      found.set(selector, await source(selector.matchers, from, to, signal));
    }),
  );
  return found;
}

function textOf(expr: Expr): string {
  if (expr.kind === "paren") return textOf(expr.expr);
  return expr.kind === "string" ? expr.text : "";
}
