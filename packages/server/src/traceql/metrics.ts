import type { Engine } from "../api/context.js";
import { listOf, type Row, rowsOf, toNumber } from "../query/rows.js";
import { statement } from "../query/statements.js";
import type { Field, FieldExpr, MetricsAggregate, MetricsExpr, Pipeline, SecondStage } from "./ast.js";
import { Binder, conditionOf, valueSql } from "./conditions.js";
import { TraceqlError } from "./errors.js";
import { compared, fieldText } from "./evaluate.js";

/** Label is a name with a value; numbers stay numbers, as quantiles' do. */
export type Label = readonly [name: string, value: string | number];

/** Series is numbers over time; NaN where there is none. */
export interface Series {
  readonly labels: readonly Label[];
  readonly values: Float64Array;
}

/** MetricsRange is the times of a question, Unix milliseconds: `count` steps from `start` on. */
export interface MetricsRange {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** ROWS_MAX bounds groups times steps. */
const ROWS_MAX = 1_000_000;
/** A histogram's buckets are powers of two of its field's unit, as Tempo's are. */
const BUCKET_LABEL = "__bucket";

const unsupported = (message: string): TraceqlError => new TraceqlError("unsupported", message);

/** runMetrics computes series over time. Rejects with TraceqlError. */
export async function runMetrics(
  engine: Engine,
  expr: MetricsExpr,
  range: MetricsRange,
  signal: AbortSignal,
): Promise<Series[]> {
  switch (expr.kind) {
    case "metrics":
      return aggregated(engine, expr.pipeline, expr.aggregate, range, signal);
    case "second":
      return second(await runMetrics(engine, expr.expr, range, signal), expr.stage);
    case "scaled": {
      const inner = await runMetrics(engine, expr.expr, range, signal);
      const { operator, number, isLeft } = expr;
      return inner.map(({ labels, values }) => ({
        labels,
        values: values.map((value) =>
          isLeft ? computed(operator, number, value) : computed(operator, value, number),
        ),
      }));
    }
    case "math": {
      const [left, right] = await Promise.all([
        runMetrics(engine, expr.left, range, signal),
        runMetrics(engine, expr.right, range, signal),
      ]);
      return paired(left, right).map(([a, b]) => ({
        labels: a.labels,
        values: a.values.map((value, i) => computed(expr.operator, value, b.values[i] ?? Number.NaN)),
      }));
    }
  }
}

const keyOf = (series: Series): string =>
  JSON.stringify(series.labels.filter(([name]) => name !== "__name__"));

/** paired brings series of equal labels together; one without labels goes with a single one, too. */
function paired(left: readonly Series[], right: readonly Series[]): [Series, Series][] {
  const others = new Map(right.map((each) => [keyOf(each), each]));
  const [only] = right;
  return left.flatMap((each): [Series, Series][] => {
    const found = others.get(keyOf(each)) ?? (left.length === 1 && right.length === 1 ? only : undefined);
    return found === undefined ? [] : [[each, found]];
  });
}

function computed(operator: "+" | "-" | "*" | "/", a: number, b: number): number {
  if (operator === "+") return a + b;
  if (operator === "-") return a - b;
  return operator === "*" ? a * b : a / b;
}

function second(series: readonly Series[], stage: SecondStage): Series[] {
  if (stage.kind === "filter") {
    return series
      .map(({ labels, values }) => ({
        labels,
        values: values.map((value) => (compared(stage.operator, value, stage.value) ? value : Number.NaN)),
      }))
      .filter(({ values }) => values.some((value) => !Number.isNaN(value)));
  }
  // The largest at each step are kept, as Prometheus' topk does.
  const sign = stage.kind === "topk" ? -1 : 1;
  const kept = series.map(({ labels, values }) => ({
    labels,
    values: new Float64Array(values.length).fill(Number.NaN),
  }));
  const steps = series[0]?.values.length ?? 0;
  for (let i = 0; i < steps; i++) {
    const there = Array.from(series.keys()).filter((n) => !Number.isNaN(series[n]?.values[i] ?? Number.NaN));
    there.sort((a, b) => sign * ((series[a]?.values[i] ?? 0) - (series[b]?.values[i] ?? 0)));
    for (const n of there.slice(0, stage.count)) {
      const values = kept[n]?.values;
      if (values !== undefined) values[i] = series[n]?.values[i] ?? Number.NaN;
    }
  }
  return kept.filter(({ values }) => values.some((value) => !Number.isNaN(value)));
}

/** filterOf gives the one condition of a pipeline that series can be computed of: filters behind each other. */
function filterOf({ stages }: Pipeline): FieldExpr {
  const filters = stages.flatMap((stage): FieldExpr[] => {
    if (stage.kind === "filter") return [stage.expr];
    if (stage.kind === "select") return [];
    throw unsupported(
      "metrics are computed of span filters only, such as { status = error } | rate(); relations between spans are not supported here",
    );
  });
  return filters.reduce((left, right) => ({ kind: "binary", operator: "&&", left, right }), {
    kind: "static",
    type: "bool",
    value: true,
  });
}

async function aggregated(
  engine: Engine,
  pipeline: Pipeline,
  aggregate: MetricsAggregate,
  range: MetricsRange,
  signal: AbortSignal,
): Promise<Series[]> {
  if (aggregate.name === "compare") throw unsupported("compare() is not supported");
  const binder = new Binder();
  const condition = conditionOf(filterOf(pipeline), binder);
  if (!condition.exact) {
    throw unsupported(
      "this filter cannot be computed over time: fields of events, links, whole traces and arithmetic are for searches only",
    );
  }
  const groups = aggregate.by.map((field) => sqlOf(field, "text", binder));
  const end = range.start + range.step * range.count;
  const sql = statement("traceql-metrics")
    .replaceAll("$filter$", () => condition.sql)
    .replaceAll("$groups$", () => groups.join(", ") || "CAST([], 'Array(String)')")
    .replaceAll("$measure$", () => measureOf(aggregate, binder))
    .replace("[CAST([], 'Array(String)')]", "CAST([], 'Array(String)')");
  const rows = rowsOf(
    await engine(
      sql,
      "JSONCompact",
      {
        ...binder.parameters,
        start_ns: `${range.start}000000`,
        end_ns: `${end}000000`,
        step_ns: `${range.step}000000`,
        limit: ROWS_MAX + 1,
      },
      signal,
    ),
  );
  if (rows.length > ROWS_MAX) {
    throw new TraceqlError(
      "invalid",
      `more than ${ROWS_MAX} values would come of this; group by less, or take a larger step`,
    );
  }
  return seriesOf(rows, aggregate, range);
}

function sqlOf(field: Field, as: "text" | "number", binder: Binder): string {
  const sql = valueSql(field, as, binder);
  if (sql === undefined) throw unsupported(`${fieldText(field)} cannot be used in metrics`);
  return sql;
}

function measureOf({ name, field, quantiles }: MetricsAggregate, binder: Binder): string {
  const value = field === undefined ? "1" : sqlOf(field, "number", binder);
  switch (name) {
    case "rate":
    case "count_over_time":
    case "compare":
      return "[toFloat64(count())]";
    case "min_over_time":
      return `[toFloat64(min(${value}))]`;
    case "max_over_time":
      return `[toFloat64(max(${value}))]`;
    case "avg_over_time":
      return `[avg(${value})]`;
    case "sum_over_time":
      return `[toFloat64(sum(${value}))]`;
    case "quantile_over_time":
      return `quantiles(${quantiles.map((q) => Math.min(1, Math.max(0, q))).join(", ")})(${value})`;
    case "histogram_over_time":
      return `sumMap(map(toString(exp2(ceil(log2(greatest(${value}, 1))))), toFloat64(1)))`;
  }
}

/** SECONDS are the functions whose results are durations: spans have nanoseconds, series seconds. */
function scaleOf({ name, field }: MetricsAggregate, step: number): number {
  if (name === "rate") return 1000 / step;
  const isDuration =
    field?.kind === "intrinsic" && (field.name === "duration" || field.name === "traceDuration");
  return isDuration && name !== "histogram_over_time" && name !== "count_over_time" ? 1e-9 : 1;
}

function seriesOf(rows: readonly Row[], aggregate: MetricsAggregate, range: MetricsRange): Series[] {
  const found = new Map<string, { labels: Label[]; values: Float64Array }>();
  const scale = scaleOf(aggregate, range.step);
  const isCount =
    aggregate.name === "rate" ||
    aggregate.name === "count_over_time" ||
    aggregate.name === "histogram_over_time";
  const put = (labels: Label[], bucket: number, value: number): void => {
    const key = JSON.stringify(labels);
    let series = found.get(key);
    if (series === undefined) {
      // Nothing counted is 0, nothing measured is nothing.
      series = { labels, values: new Float64Array(range.count).fill(isCount ? 0 : Number.NaN) };
      found.set(key, series);
    }
    if (bucket >= 0 && bucket < range.count) series.values[bucket] = value * scale;
  };
  const names = aggregate.by.map(fieldText);
  for (const row of rows) {
    const bucket = toNumber(row["bucket"]);
    const texts = listOf(row["labels"]).map(String);
    const base: Label[] = names.map((name, i) => [
      name,
      texts[i] === undefined || texts[i] === "" ? "nil" : texts[i],
    ]);
    for (const [more, value] of measures(row["measured"], aggregate)) put([...base, ...more], bucket, value);
  }
  if (found.size === 0 && isCount && names.length === 0 && aggregate.name !== "histogram_over_time")
    put([["__name__", aggregate.name]], -1, 0);
  return [...found.values()].map(({ labels, values }) => ({
    labels: labels.length === 0 ? [["__name__", aggregate.name]] : labels,
    values,
  }));
}

function measures(measured: unknown, aggregate: MetricsAggregate): [Label[], number][] {
  if (aggregate.name === "histogram_over_time") {
    if (typeof measured !== "object" || measured === null) return [];
    const isDuration = aggregate.field?.kind === "intrinsic";
    return Object.entries(measured).map(([bound, count]) => [
      [[BUCKET_LABEL, Number(bound) * (isDuration ? 1e-9 : 1)]],
      toNumber(count),
    ]);
  }
  return listOf(measured).map((value, i) => {
    const number = value === null || value === "nan" ? Number.NaN : Number(value);
    return [aggregate.name === "quantile_over_time" ? [["p", aggregate.quantiles[i] ?? 0]] : [], number];
  });
}
