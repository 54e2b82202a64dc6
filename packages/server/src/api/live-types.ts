import type { Buckets, Range, Red } from "./answer-types.js";

/** TailSpan is a span as it ended; 64-bit numbers are texts. */
export interface TailSpan {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly service_name: string;
  readonly operation: string;
  readonly kind: string;
  readonly status_code: string;
  readonly status_message: string;
  readonly duration_ns: string;
  readonly timestamp_ns: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
}

/** TailLog is a log record; `tie` tells records of one nanosecond apart. */
export interface TailLog {
  readonly tie: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly service_name: string;
  readonly level: string;
  readonly severity_number: number;
  readonly event_name: string;
  readonly body: string;
  readonly timestamp_ns: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
}

/** TailAnswer is GET tail?signal=traces|logs&filter=&from=: oldest first; `more` says that there were more than the limit. */
export interface TailAnswer {
  readonly spans: readonly TailSpan[];
  readonly logs: readonly TailLog[];
  readonly more: boolean;
}

/** TopRow is an operation of a service; `busy_ns` is the sum of its spans' durations, `spark` requests per second over `buckets`. */
export interface TopRow extends Red {
  readonly service_name: string;
  readonly operation: string;
  readonly kind: string;
  readonly busy_ns: number;
  readonly spark: readonly number[];
}

/** TopProcess is a process that sent spans; pid is 0 where it did not say. */
export interface TopProcess {
  readonly service_name: string;
  readonly pid: number;
  readonly host: string;
  readonly requests: number;
  readonly busy_ns: number;
}

/** TopAnswer is GET top?from=&filter=: the operations in which most time was spent first. */
export interface TopAnswer {
  readonly range: Range;
  readonly buckets: Buckets;
  readonly operations: readonly TopRow[];
  readonly processes: readonly TopProcess[];
}
