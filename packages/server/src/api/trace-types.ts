// The answers about traces: types only, as types.ts.
import type {
  Attributes,
  Buckets,
  Histogram,
  LogLevel,
  NanoText,
  Range,
  SpanKind,
  SpanStatus,
} from "./answer-types.js";
import type { LogRow } from "./log-types.js";

/** TracesAnswer is GET traces: traces with at least one span that passes the filter, newest first (`sort=duration` for slowest). */
export interface TracesAnswer {
  readonly range: Range;
  readonly traces: readonly TraceRow[];
  /** True when there are more than `limit` (default 100, at most 1000). */
  readonly more: boolean;
  /** Matching spans over time, over the whole range and not only the rows shown. */
  readonly histogram: Histogram;
  readonly last_seen_ms: number | null;
}

/** TraceRow is a trace in a list. */
export interface TraceRow {
  readonly trace_id: string;
  /** The root span's names; of the earliest span when the root has not arrived (`root_missing`). */
  readonly root_service: string;
  readonly root_operation: string;
  readonly root_missing: boolean;
  readonly start_ns: NanoText;
  readonly duration_ns: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly string[];
  /** Spans of this trace that pass the filter, and the first of them: carry the match into the trace. */
  readonly matched: number;
  readonly matched_span_id: string;
}

/**
 * TraceAnswer is GET traces/ID: one trace as columns. All arrays of `spans` have one entry per span, in depth-first order (children by
 * start), so that a waterfall draws rows as they come. Attributes come with GET traces/ID/spans/SPAN_ID (SpanAnswer).
 */
export interface TraceAnswer {
  readonly trace_id: string;
  /** Unix ns of the earliest span; all offsets are from here. */
  readonly start_ns: NanoText;
  readonly duration_ns: number;
  /** Spans stored for this trace; more than spans.span_id.length when cut at the limit (200,000). */
  readonly total: number;
  /** Dictionaries of the `service` and `operation` columns. */
  readonly services: readonly string[];
  readonly operations: readonly string[];
  readonly kinds: readonly SpanKind[];
  readonly statuses: readonly SpanStatus[];
  readonly spans: {
    readonly span_id: readonly string[];
    /** Row of the parent; -1 a root, -2 a span whose parent is not here. */
    readonly parent: readonly number[];
    readonly depth: readonly number[];
    readonly start_offset_ns: readonly number[];
    readonly duration_ns: readonly number[];
    readonly service: readonly number[];
    readonly operation: readonly number[];
    readonly kind: readonly number[];
    readonly status: readonly number[];
  };
  readonly logs: TraceLogs;
  readonly waits: TraceWaits;
}

/** TraceLogs are the log records and span events of a trace, by time, at most 10,000. `span` is a row of `spans`, -1 when unknown. */
export interface TraceLogs {
  readonly offset_ns: readonly number[];
  readonly span: readonly number[];
  readonly source: readonly ("log" | "event")[];
  readonly level: readonly LogLevel[];
  readonly text: readonly string[];
}

/** SpanAnswer is GET traces/ID/spans/SPAN_ID: one span whole. */
export interface SpanAnswer {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly trace_state: string;
  readonly service_name: string;
  readonly operation: string;
  readonly kind: SpanKind;
  readonly status_code: SpanStatus;
  readonly status_message: string;
  readonly timestamp_ns: NanoText;
  readonly duration_ns: number;
  readonly scope_name: string;
  readonly scope_version: string;
  readonly attributes: Attributes;
  readonly resource_attributes: Attributes;
  readonly events: readonly {
    readonly timestamp_ns: NanoText;
    readonly name: string;
    readonly attributes: Attributes;
  }[];
  /** Those that it was sent with, then those to the other end of its messages that another agent told. */
  readonly links: readonly {
    readonly trace_id: string;
    readonly span_id: string;
    readonly attributes: Attributes;
  }[];
  readonly logs: readonly LogRow[];
}

/**
 * TraceWaits is what spans' goroutines did, in nanoseconds, for those spans that an agent told it of. `span` is a row of
 * `spans`; the columns are totals of the span's time, not places in it.
 */
export interface TraceWaits {
  readonly span: readonly number[];
  readonly running: readonly number[];
  readonly runnable: readonly number[];
  readonly syscall: readonly number[];
  readonly lock: readonly number[];
  readonly channel: readonly number[];
  readonly network: readonly number[];
  readonly gc: readonly number[];
  readonly sleep: readonly number[];
  readonly other: readonly number[];
}

/** TraceMatchesAnswer is GET traces/ID/matches?filter=: the ids of the trace's spans that pass the filter. */
export interface TraceMatchesAnswer {
  readonly span_id: readonly string[];
}

/**
 * UsualAnswer is GET traces/usual?service=&operation=&except=: a sample of the range's traces that begin with this
 * operation, all in one: `spans` holds one tree per trace, each in depth-first order.
 */
export interface UsualAnswer {
  readonly range: Range;
  /** found: traces of the range that begin so. */
  readonly found: number;
  /** traces: how many of them are here. */
  readonly traces: number;
  readonly services: readonly string[];
  readonly operations: readonly string[];
  readonly statuses: readonly string[];
  readonly spans: {
    /** Row of the parent; -1 a root, -2 a span whose parent is not here. */
    readonly parent: readonly number[];
    /** From the start of the span's own trace. */
    readonly start_offset_ns: readonly number[];
    readonly duration_ns: readonly number[];
    readonly service: readonly number[];
    readonly operation: readonly number[];
    readonly status: readonly number[];
  };
}

/**
 * HeatAnswer is GET traces/heat: matching spans by time and duration, without empty cells. A level holds durations from
 * 2^(level/2) nanoseconds to below 2^((level+1)/2).
 */
export interface HeatAnswer {
  readonly range: Range;
  readonly buckets: Buckets;
  readonly cells: {
    readonly bucket: readonly number[];
    readonly level: readonly number[];
    readonly count: readonly number[];
    readonly errors: readonly number[];
  };
}
