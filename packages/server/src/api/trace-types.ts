// What the page of one trace asks beside the trace itself: types only, as types.ts.

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
  readonly range: { readonly from_ms: number; readonly to_ms: number };
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
  readonly range: { readonly from_ms: number; readonly to_ms: number };
  readonly buckets: { readonly start_ms: number; readonly step_ms: number; readonly count: number };
  readonly cells: {
    readonly bucket: readonly number[];
    readonly level: readonly number[];
    readonly count: readonly number[];
    readonly errors: readonly number[];
  };
}
