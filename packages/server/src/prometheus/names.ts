/** MetricType is the metrics table's `type`. */
export type MetricType = "gauge" | "sum" | "histogram" | "exponential_histogram" | "summary";

/** MetricKind is what decides a metric's name in Prometheus. */
export interface MetricKind {
  readonly name: string;
  readonly unit: string;
  readonly type: MetricType;
  readonly isMonotonic: boolean;
}

/** Units of UCUM by Prometheus' words (opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics). */
const UNITS: Readonly<Record<string, string>> = {
  d: "days",
  h: "hours",
  min: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  TiBy: "tibibytes",
  KBy: "kilobytes",
  MBy: "megabytes",
  GBy: "gigabytes",
  TBy: "terabytes",
  m: "meters",
  V: "volts",
  A: "amperes",
  J: "joules",
  W: "watts",
  g: "grams",
  Cel: "celsius",
  Hz: "hertz",
  "%": "percent",
};
const PER_UNITS: Readonly<Record<string, string>> = {
  s: "second",
  min: "minute",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  mo: "month",
  y: "year",
};

/** A name that Prometheus itself made says already what it is. */
const finished = /^[a-zA-Z_:][a-zA-Z0-9_:]*_(?:total|bucket|sum|count|created|info)$/;

/** prometheusName gives a metric's name as Prometheus knows it: `http.server.request.duration` in `s` is `http_server_request_duration_seconds`. */
export function prometheusName({ name, unit, type, isMonotonic }: MetricKind): string {
  if (finished.test(name)) return name;
  const tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== "");
  const [main = "", per = ""] = unit.split("/", 2).map((part) => part.replace(/\{[^}]*\}/g, "").trim());
  const word =
    main === "1" ? "" : (UNITS[main] ?? main.replace(/[^a-zA-Z0-9]+/g, "_").replace(/^_+|_+$/g, ""));
  if (word !== "" && !tokens.includes(word)) tokens.push(...word.split("_"));
  const perWord = PER_UNITS[per] ?? per.replace(/[^a-zA-Z0-9]+/g, "_");
  if (perWord !== "" && !tokens.includes("per")) tokens.push("per", perWord);
  if (unit === "1" && type === "gauge" && !tokens.includes("ratio")) tokens.push("ratio");
  const whole = tokens.filter((token) => !(isCounter(type, isMonotonic) && token === "total"));
  if (isCounter(type, isMonotonic)) whole.push("total");
  const joined = whole.join("_");
  const kept = name.startsWith("_") ? `_${joined}` : joined;
  return /^\d/.test(kept) ? `_${kept}` : kept;
}

function isCounter(type: MetricType, isMonotonic: boolean): boolean {
  return type === "sum" && isMonotonic;
}

/** labelName gives an attribute's key as a label of Prometheus: `http.route` is `http_route`. */
export function labelName(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/g, "_");
  return /^\d/.test(name) ? `key_${name}` : name;
}

/** METRIC_TYPES gives the words of Prometheus' metadata. */
export function metadataType({ type, isMonotonic }: MetricKind): string {
  if (type === "sum") return isMonotonic ? "counter" : "gauge";
  if (type === "exponential_histogram") return "histogram";
  return type;
}

/** Part is one of the series that a histogram or summary is in Prometheus; others have only "". */
export type Part = "" | "_bucket" | "_sum" | "_count";

/** PARTS gives the parts of each type. */
export const PARTS: Readonly<Record<MetricType, readonly Part[]>> = {
  gauge: [""],
  sum: [""],
  histogram: ["_bucket", "_sum", "_count"],
  exponential_histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};
