// The answers about log lines: types only, as types.ts.
import type { Attributes, Buckets, Histogram, LogLevel, NanoText, Range } from "./answer-types.js";

/**
 * LogsAnswer is GET logs, newest first. `before` / `after` (a row's `cursor`) page back or follow: with `after`, rows come oldest
 * first, which is how a tail continues (the `stream` says when to ask). With `spans=1` matching spans stand among the lines; the
 * histogram counts lines alone.
 */
export interface LogsAnswer {
  readonly range: Range;
  readonly rows: readonly LogRow[];
  readonly more: boolean;
  readonly histogram: Histogram;
  readonly last_seen_ms: number | null;
}

/** LogRow is a log record; `cursor` is its place in the order of the list. */
export interface LogRow {
  readonly cursor: string;
  readonly timestamp_ns: NanoText;
  readonly service_name: string;
  readonly level: LogLevel;
  readonly severity_text: string;
  readonly event_name: string;
  readonly body: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly attributes: Attributes;
  /** Only of a span among the lines (`spans=1`): event_name is "span", the body its operation. */
  readonly duration_ns?: number;
}

/** PatternsAnswer is GET logs/patterns: forms of matching log lines, numbers and ids taken out, commonest first. */
export interface PatternsAnswer {
  readonly range: Range;
  readonly buckets: Buckets;
  readonly patterns: readonly PatternRow[];
  /** total of matching lines, also of forms that are not listed (a sample of two million when there are very many). */
  readonly total: number;
  readonly more: boolean;
}

/** PatternRow is one form and how often it came. */
export interface PatternRow {
  /** The line with `#` for numbers and ids and `…` for what was quoted. */
  readonly template: string;
  readonly example: string;
  readonly level: LogLevel;
  /** At most five. */
  readonly services: readonly string[];
  readonly count: number;
  /** How many came in as long a time before the range; 0 makes it new. */
  readonly before: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly series: readonly number[];
}
