// The answers about services: types only, as types.ts.
import type { Buckets, NanoText, Range, Red, SpanKind, SpanStatus } from "./answer-types.js";
import type { MapNodeKind } from "./map-types.js";

/** ServicesAnswer is GET services. A request is a SERVER or CONSUMER span, or a root span. */
export interface ServicesAnswer {
  readonly range: Range;
  readonly buckets: Buckets;
  readonly services: readonly ServiceRow[];
  /** When nothing is in the range: the time of the newest span there is, else null (nothing at all). */
  readonly last_seen_ms: number | null;
}

/** ServiceRow is a service in the list of all. */
export interface ServiceRow extends Red {
  readonly service_name: string;
  readonly last_seen_ms: number;
  /** Sparkline series over `buckets`: requests per second, errors per second, p99 (null: no request). */
  readonly spark: {
    readonly rate: readonly number[];
    readonly errors: readonly number[];
    readonly p99_ns: readonly (number | null)[];
  };
}

/** ServiceAnswer is GET services/NAME. 404 only when the service was never seen; an empty range has zero requests. */
export interface ServiceAnswer extends Red {
  readonly service_name: string;
  readonly range: Range;
  readonly buckets: Buckets;
  readonly last_seen_ms: number | null;
  readonly series: {
    readonly rate: readonly number[];
    readonly errors: readonly number[];
    readonly p50_ns: readonly (number | null)[];
    readonly p95_ns: readonly (number | null)[];
    readonly p99_ns: readonly (number | null)[];
  };
  readonly operations: readonly OperationRow[];
  readonly slowest: readonly SpanExample[];
  readonly failing: readonly SpanExample[];
  readonly callers: readonly NeighbourRow[];
  readonly callees: readonly NeighbourRow[];
  /** Versions that were seen first in the range while another had been there before. */
  readonly deploys: readonly DeployRow[];
}

/** DeployRow is a version of a service and when it was seen first; `key` is the resource attribute that told it. */
export interface DeployRow {
  readonly key: string;
  readonly value: string;
  readonly first_ms: number;
}

/** RuntimeAnswer is GET services/NAME/runtime: what its processes and their runtimes tell of themselves. */
export interface RuntimeAnswer {
  readonly range: Range;
  readonly buckets: Buckets;
  readonly series: readonly RuntimeSeries[];
}

/** RuntimeSeries is one metric; of several processes a gauge is the mean, a counter the increase a second of all. */
export interface RuntimeSeries {
  readonly name: string;
  /** `key=value` with commas between, "" for none. */
  readonly labels: string;
  readonly unit: string;
  readonly is_rate: boolean;
  readonly values: readonly (number | null)[];
}

/** OperationRow is an operation of a service: its spans of one name and kind. */
export interface OperationRow extends Red {
  readonly operation: string;
  readonly kind: SpanKind;
}

/** SpanExample is one span worth opening: link to traces/TRACE_ID?span=SPAN_ID. */
export interface SpanExample {
  readonly trace_id: string;
  readonly span_id: string;
  readonly operation: string;
  readonly timestamp_ns: NanoText;
  readonly duration_ns: number;
  readonly status_code: SpanStatus;
  readonly status_message: string;
}

/** NeighbourRow is a service that calls, or is called by, the one asked for; `kind` as in MapNode. */
export interface NeighbourRow extends Red {
  readonly name: string;
  readonly kind: MapNodeKind;
}
