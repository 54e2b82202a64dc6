import type { Engine, Parameters } from "../api/context.js";
import type { Matcher } from "../promql/ast.js";
import { labelOf, METRIC_NAME } from "../promql/labels.js";
import type { SeriesSource } from "../promql/query.js";
import type { Samples } from "../promql/series.js";
import { number, type Row, rowsOf, text, textMap } from "../query/rows.js";
import { statement } from "../query/statements.js";
import { exponentialSeries } from "./exponential.js";
import { type MetricKind, type MetricType, PARTS, prometheusName } from "./names.js";
import { boundText, cumulative, partName, seriesLabels, together } from "./rows.js";
import { cells, identityOf, kindOf, pointsOf, type Wanted, wantedParts } from "./stored.js";

/** TARGET_INFO is the series that says what a target is (OpenTelemetry's resource), always 1. */
export const TARGET_INFO = "target_info";
/** INFO_STEP_MS is the distance of target_info's samples; the lookback is five times that. */
const INFO_STEP_MS = 60_000;
/** EXPONENTIAL_SCALE bounds an exponential histogram's buckets: each bound is 2^(1/8), 9 %, above the one before. */
const EXPONENTIAL_SCALE = 3;
/** Labels that are not among the attributes. */
const SYNTHETIC: ReadonlySet<string> = new Set([METRIC_NAME, "job", "instance", "le", "quantile"]);

/** asked runs a statement and gives its rows; NaN and infinities stand as texts. */
export async function asked(
  engine: Engine,
  name: string,
  parameters: Parameters,
  signal: AbortSignal,
): Promise<Row[]> {
  const sql = statement(name)
    .replace("$identity$", () => part("prometheus-identity"))
    .replace("$matched$", () => part("prometheus-matched"));
  return rowsOf(
    await engine(
      `${sql.trimEnd()}\nSETTINGS output_format_json_quote_denormals = 1`,
      "JSONCompact",
      parameters,
      signal,
    ),
  );
}

/** part reads what several statements share, without its comment. */
function part(name: string): string {
  return statement(name)
    .replace(/^--.*\n/gm, "")
    .trim();
}

/** rangeParameters are the bounds of a range as statements have them. */
export function rangeParameters(from: number, to: number): Parameters {
  return { from_ns: nanoseconds(from), to_ns: nanoseconds(to) };
}

/** Times beyond what nanoseconds in 64 bits can say, about the years 1677 to 2262, are its ends. */
function nanoseconds(milliseconds: number): string {
  const most = 9_223_372_036_854;
  return `${BigInt(Math.round(Math.min(most, Math.max(-most, milliseconds)))) * 1_000_000n}`;
}

/** conditions are what of the matchers the engine can check before we do. */
export function conditions(matchers: readonly Matcher[]): Parameters {
  const equal = matchers.filter((each) => each.operator === "=" && each.value !== "");
  const job = equal.find((each) => each.name === "job")?.value ?? "";
  // Attributes whose keys become one label share it with `;` between their values: no attribute has that value by itself.
  const values = equal
    .filter((each) => !SYNTHETIC.has(each.name) && !each.value.includes(";"))
    .map((each) => each.value);
  return {
    service: job.includes("/") ? "" : job,
    values: arrayText([...new Set(values)]),
  };
}

/** arrayText writes texts as an Array(String) parameter. */
export function arrayText(values: readonly string[]): string {
  return `[${values.map((value) => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`).join(",")}]`;
}

/** wantedOf finds the metrics that matchers on the name hold for: by Prometheus' name, or exactly by the name they were sent by. */
export function wantedOf(kinds: readonly MetricKind[], matchers: readonly Matcher[]): Wanted[] {
  const named = matchers.filter((each) => each.name === METRIC_NAME);
  const exact = named.find((each) => each.operator === "=")?.value;
  return kinds.flatMap((kind) => {
    const translated = prometheusName(kind);
    return PARTS[kind.type].flatMap((part): Wanted[] => {
      const name = partName(translated, part);
      if (named.every((each) => each.matches(name))) return [{ kind, part, name, isRaw: false }];
      const raw = partName(kind.name, part);
      if (exact !== raw || !named.every((each) => each.matches(raw))) return [];
      return [{ kind, part, name: raw, isRaw: true }];
    });
  });
}

/** createSource reads series for PromQL out of the metrics table. */
export function createSource(engine: Engine): SeriesSource {
  return async (matchers, from, to, signal) => {
    const range = rangeParameters(from, to);
    const kinds = (await asked(engine, "prometheus-names", range, signal)).map(kindOf);
    const wanted = wantedOf(kinds, matchers);
    const holds = (samples: Samples): boolean =>
      matchers.every((each) => each.matches(labelOf(samples.labels, each.name)));
    const filters = conditions(matchers);
    const ask = async (name: string, types: readonly MetricType[], more: Parameters = {}): Promise<Row[]> => {
      const names = new Set(
        wanted.filter((each) => types.includes(each.kind.type)).map((each) => each.kind.name),
      );
      if (names.size === 0) return [];
      return asked(engine, name, { ...range, ...filters, ...more, names: arrayText([...names]) }, signal);
    };
    const [numbers, bounded, exponential, targets] = await Promise.all([
      ask("prometheus-numbers", ["gauge", "sum"]),
      ask("prometheus-histograms", ["histogram", "summary"]),
      ask("prometheus-exponential", ["exponential_histogram"], { scale_max: EXPONENTIAL_SCALE }),
      asksTargetInfo(matchers) ? asked(engine, "prometheus-resources", range, signal) : [],
    ]);
    const found = [
      ...numbers.flatMap((row) => numberSeries(row, wanted)),
      ...bounded.flatMap((row) => boundedSeries(row, wanted)),
      ...exponential.flatMap((row) => exponentialSeries(row, wanted)),
      ...targets.map((row) => targetInfo(row, from, to)),
    ];
    return together(found.filter((each) => each.times.length > 0 && holds(each)));
  };
}

/** asksTargetInfo tells whether target_info is wanted. */
export function asksTargetInfo(matchers: readonly Matcher[]): boolean {
  return matchers.filter((each) => each.name === METRIC_NAME).every((each) => each.matches(TARGET_INFO));
}

/** targetInfo is a resource's series: its attributes as labels. */
export function targetInfo(row: Row, from: number, to: number): Samples {
  const attributes: unknown = JSON.parse(text(row, "pairs") || "{}");
  const all = textMap(attributes);
  const { "service.namespace": namespace = "", "service.instance.id": own = "", ...rest } = all;
  const { "service.name": _, ...others } = rest;
  const pid = others["process.pid"] ?? "";
  const instance = own !== "" ? own : `${others["host.name"] ?? ""}${pid === "" ? "" : `:${pid}`}`;
  const labels = seriesLabels(
    {
      name: TARGET_INFO,
      unit: "",
      type: "gauge",
      isMonotonic: false,
      serviceName: text(row, "service_name"),
      namespace,
      instance,
      attributes: others,
    },
    { name: TARGET_INFO, isRaw: false },
  );
  const first = Math.max(from + 1, Number(text(row, "first_ns")) / 1e6);
  const last = Math.min(to, Number(text(row, "last_ns")) / 1e6);
  const count = Math.max(0, Math.floor((last - first) / INFO_STEP_MS) + 1);
  // The last sample counts too, or a target that was seen a moment ago would be one minute late.
  const times = Float64Array.from({ length: count + 1 }, (_, i) =>
    i < count ? first + i * INFO_STEP_MS : last,
  );
  const shown =
    last < first ? times.slice(0, 0) : times.filter((time, i) => i === 0 || time > (times[i - 1] ?? 0));
  return { labels, times: shown.map(Math.floor), values: new Float64Array(shown.length).fill(1) };
}

function numberSeries(row: Row, wanted: readonly Wanted[]): Samples[] {
  const identity = identityOf(row);
  const points = pointsOf(row);
  const values = cells(row, "points");
  const isDelta = number(row, "is_delta") === 1 && identity.type === "sum";
  return wantedParts(identity, wanted).map((naming) => ({
    ...points,
    ...(isDelta ? { starts: undefined } : {}),
    values: isDelta ? cumulative(values) : values,
    labels: seriesLabels(identity, naming),
  }));
}

function boundedSeries(row: Row, wanted: readonly Wanted[]): Samples[] {
  const identity = identityOf(row);
  const points = pointsOf(row);
  const isDelta = number(row, "is_delta") === 1 && identity.type === "histogram";
  const series = (
    naming: Wanted,
    values: Float64Array,
    more: readonly (readonly [string, string])[] = [],
  ): Samples => ({
    ...points,
    ...(isDelta ? { starts: undefined } : {}),
    values: isDelta ? cumulative(values) : values,
    labels: seriesLabels(identity, naming, more),
  });
  const bounds = cells(row, "bounds");
  const buckets = cells(row, "buckets");
  const count = points.times.length;
  const width = count === 0 ? 0 : buckets.length / count;
  return wantedParts(identity, wanted).flatMap((naming) => {
    if (naming.part === "_count") return [series(naming, cells(row, "counts"))];
    if (naming.part === "_sum") return [series(naming, cells(row, "sums"))];
    if (!Number.isInteger(width)) return [];
    const columns = Array.from({ length: width }, (_, b) =>
      new Float64Array(count).map((_, i) => buckets[i * width + b] ?? 0),
    );
    if (identity.type === "summary") {
      return columns.map((values, b) =>
        series(naming, values, [["quantile", boundText(bounds[b] ?? Number.NaN)]]),
      );
    }
    let below = new Float64Array(count);
    return columns.map((values, b) => {
      below = below.map((value, i) => value + (values[i] ?? 0));
      return series(naming, below, [["le", boundText(bounds[b] ?? Number.POSITIVE_INFINITY)]]);
    });
  });
}
