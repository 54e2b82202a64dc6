// What answers of /api/v1 are made of: types only, as types.ts.

/** NanoText is Unix nanoseconds (or another 64-bit integer) as decimal text: it does not fit a JavaScript number. */
export type NanoText = string;

/** ErrorBody is the one shape of every error under /api. `position` points into the filter or the SQL text (UTF-16, from 0). */
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly position?: number;
    /** What the filter's parser would have accepted at `position`. */
    readonly expected?: readonly string[];
  };
}

/** Range is the time range an answer covers, after `now-1h` was resolved; from is included, to is not. */
export interface Range {
  readonly from_ms: number;
  readonly to_ms: number;
}

/** SpanKind is the `kind` column, with the database's spellings. */
export type SpanKind = "UNSPECIFIED" | "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";

/** SpanStatus is the `status_code` column. */
export type SpanStatus = "UNSET" | "OK" | "ERROR";

/** Signal names the three tables that take OTLP. */
export type Signal = "traces" | "logs" | "metrics";

/** LogLevel is the `level` column of logs ("" when the record had none). */
export type LogLevel = "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL" | "";

/** Buckets is the shared time axis of an answer's series: bucket i covers start_ms + i*step_ms … + step_ms. */
export interface Buckets {
  readonly start_ms: number;
  readonly step_ms: number;
  readonly count: number;
}

/** Histogram counts matching items over time, those that failed apart. */
export interface Histogram {
  readonly buckets: Buckets;
  readonly count: readonly number[];
  readonly errors: readonly number[];
}

/** Attributes are attributes as text, whatever type they came with. */
export type Attributes = Readonly<Record<string, string>>;

/**
 * Red is rate, errors, duration of some set of spans. Requests, rates and errors are scaled by what sampling left out (`ot=th:` in the
 * trace state); quantiles are those of the spans that were kept.
 */
export interface Red {
  readonly requests: number;
  readonly rate: number;
  readonly errors: number;
  readonly error_share: number;
  readonly p50_ns: number;
  readonly p95_ns: number;
  readonly p99_ns: number;
}
