// The answers of /api/v1 as the pages read them: types only, so that `web` can import this file and nothing else of the server.
// Rules: names are the database's (trace_id, duration_ns …). A point in time is Unix milliseconds as a number (`*_ms`) where a plot
// wants it, or Unix nanoseconds as decimal text (`*_ns` of type NanoText) where it must be exact; durations are numbers of
// nanoseconds (exact up to 104 days). Rates are per second. A share is 0…1. `null` in a series means: nothing happened, not zero.
//
// Every endpoint is GET and takes, where it makes sense: `from`, `to` (Unix ms, RFC 3339, `now`, `now-1h`, units s m h d w;
// default now-1h … now), `filter` (the filter language, percent-encoded), `limit`. An error has ErrorBody with status 400 (bad
// parameter or filter), 403 (Host/Origin), 404, 429 (too many at once), 503 (store not ready), 504 (took too long), 500 (our bug).
import type { FilterNode, FilterPlace } from "../filter/ast.js";
import type { StatusAnswer } from "./status-types.js";
import type { TraceWaits } from "./trace-types.js";

export type { FilterCompare, FilterNode, FilterPattern, FilterPlace, FilterTest } from "../filter/ast.js";
export type * from "./scrape-types.js";
export type * from "./trace-types.js";

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

/** SpanKind and SpanStatus have the database's spellings. */
export type SpanKind = "UNSPECIFIED" | "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";
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

// ---------------------------------------------------------------------------------------------------------------- status

export type * from "./profile-types.js";
export type * from "./status-types.js";

// -------------------------------------------------------------------------------------------------------------- services

/** ServicesAnswer is GET services. A request is a SERVER or CONSUMER span, or a root span. */
export interface ServicesAnswer {
  readonly range: Range;
  readonly buckets: Buckets;
  readonly services: readonly ServiceRow[];
  /** When nothing is in the range: the time of the newest span there is, else null (nothing at all). */
  readonly last_seen_ms: number | null;
}

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

// ---------------------------------------------------------------------------------------------------------------- traces

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

export interface Histogram {
  readonly buckets: Buckets;
  readonly count: readonly number[];
  readonly errors: readonly number[];
}

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

export type Attributes = Readonly<Record<string, string>>;

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
  readonly links: readonly {
    readonly trace_id: string;
    readonly span_id: string;
    readonly attributes: Attributes;
  }[];
  readonly logs: readonly LogRow[];
}

// ------------------------------------------------------------------------------------------------------------- map, tcp

/** MapNodeKind: what a node is. "process": seen only by TCP; "external": an address outside; the rest by semantic names. */
export type MapNodeKind = "service" | "process" | "external" | "database" | "messaging";

/** MapAnswer is GET map. Node ids are stable between refreshes (kind and name). */
export interface MapAnswer {
  readonly range: Range;
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  readonly last_seen_ms: number | null;
}

export interface MapNode extends Red {
  readonly id: string;
  readonly name: string;
  readonly kind: MapNodeKind;
}

/** MapEdge is calls (source "spans": client to server spans) or connections (source "tcp": tcp.* events) from one node to another. */
export interface MapEdge extends Red {
  readonly from: string;
  readonly to: string;
  readonly source: "spans" | "tcp";
  /** For "tcp", requests are connections opened or refused, durations their connect times, bytes those of connections closed. */
  readonly bytes_sent: number;
  readonly bytes_received: number;
}

/** TcpAnswer is GET tcp: recent connections, newest first. */
export interface TcpAnswer {
  readonly range: Range;
  readonly connections: readonly TcpRow[];
  readonly more: boolean;
}

export interface TcpRow {
  readonly timestamp_ns: NanoText;
  readonly event: "tcp.connect" | "tcp.close";
  readonly service_name: string;
  readonly pid: number;
  readonly role: "client" | "server" | "";
  readonly network_type: "ipv4" | "ipv6" | "";
  readonly local: string;
  readonly peer: string;
  readonly peer_service: string;
  readonly connect_ns: number | null;
  readonly duration_ns: number | null;
  readonly bytes_sent: number | null;
  readonly bytes_received: number | null;
  readonly error_type: string;
}

// ------------------------------------------------------------------------------------------------------------------ logs

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

// ----------------------------------------------------------------------------------------- facets, completion, the filter

/** FacetsAnswer is GET facets?signal=traces|logs: the commonest values of the commonest keys under the filter, with the lift. */
export interface FacetsAnswer {
  readonly range: Range;
  readonly facets: readonly Facet[];
  /** Rows looked at (a sample when there are very many). */
  readonly sampled: number;
}

export interface Facet {
  readonly key: string;
  readonly values: readonly {
    readonly value: string;
    readonly count: number;
    /** Share under the filter divided by the share in all traffic of the range; 1 means nothing special. */
    readonly lift: number;
  }[];
}

/**
 * CompleteAnswer is GET complete?signal=…&text=…&cursor=N: what may stand at the cursor of a filter, most frequent first.
 * Applying one replaces text[replace.start, replace.end) by `insert`.
 */
export interface CompleteAnswer {
  readonly replace: FilterPlace;
  readonly items: readonly CompleteItem[];
}

export interface CompleteItem {
  readonly kind: "key" | "value" | "operator";
  readonly label: string;
  readonly insert: string;
  readonly count: number;
  readonly detail: string;
}

/** FieldsAnswer is GET fields?signal=…: the short keys of the filter language and the attributes seen in the range. */
export interface FieldsAnswer {
  readonly fields: readonly FieldRow[];
}

export interface FieldRow {
  readonly key: string;
  /** "column" for short keys, else where the attribute was seen. */
  readonly source: "column" | "attribute" | "resource";
  readonly type: "text" | "number" | "duration" | "id";
  readonly count: number;
  readonly detail: string;
}

/** FilterParseAnswer is GET filter/parse?signal=…&filter=…: status 200 also for a mistake, so that a page can mark it while typing. */
export type FilterParseAnswer =
  | {
      readonly ok: true;
      readonly tree: FilterNode;
      /** The filter printed in its normal form. */
      readonly text: string;
      /** "Show as SQL": a statement for the SQL page with the values written in as literals. */
      readonly sql: string;
    }
  | {
      readonly ok: false;
      readonly message: string;
      readonly hint: string;
      readonly place: FilterPlace;
      readonly expected: readonly string[];
    };

// ---------------------------------------------------------------------------------------------------------------- stream

/**
 * StreamEvent is one server-sent event of GET stream (`event:` is its type, `data:` its JSON). "status" comes at once and every
 * 2 s; "arrived" at most every 500 ms and only when more items can be queried than at the last; a comment every 15 s keeps it open.
 */
export type StreamEvent =
  | { readonly type: "status"; readonly data: StatusAnswer }
  | { readonly type: "arrived"; readonly data: ArrivedEvent };

export interface ArrivedEvent {
  readonly now_ms: number;
  readonly spans: number;
  readonly logs: number;
  readonly metrics: number;
}

// ------------------------------------------------------------------------------------------------------------------- SQL

/**
 * POST /api/v1/query: SQL as the body (text/plain), `?format=` any ClickHouse output format (default JSONEachRow), `?param_NAME=` for
 * {NAME:Type} in the text. The answer is the engine's bytes; `JSONCompact` has meta, data, rows, statistics (JSONCompactAnswer).
 */
export interface JSONCompactAnswer {
  readonly meta: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly (readonly unknown[])[];
  readonly rows: number;
  readonly statistics?: { readonly elapsed: number; readonly rows_read: number; readonly bytes_read: number };
}
