/** Signal names one kind of telemetry; each has one table of the same name. */
export type Signal = "traces" | "logs" | "metrics" | "profiles";

/** Column is one column: its name and its ClickHouse type (ingest may write a plainer one). */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** AliasColumn is a column that the engine computes when it is read and that is never stored. */
export interface AliasColumn extends Column {
  readonly expression: string;
}

const WORD = "LowCardinality(String)";
const ATTRIBUTES = "Map(String, String)";
const PROFILE_ATTRIBUTES = "Map(LowCardinality(String), String)";
const SPAN_KIND =
  "Enum8('UNSPECIFIED' = 0, 'INTERNAL' = 1, 'SERVER' = 2, 'CLIENT' = 3, 'PRODUCER' = 4, 'CONSUMER' = 5)";
const STATUS_CODE = "Enum8('UNSET' = 0, 'OK' = 1, 'ERROR' = 2)";
const METRIC_TYPE =
  "Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5)";
const TEMPORALITY = "Enum8('UNSPECIFIED' = 0, 'DELTA' = 1, 'CUMULATIVE' = 2)";

const TRACES: readonly Column[] = [
  { name: "tenant", type: WORD },
  { name: "resource_id", type: "UInt64" },
  { name: "service_name", type: WORD },
  { name: "trace_id", type: "String" },
  { name: "span_id", type: "String" },
  { name: "parent_span_id", type: "String" },
  { name: "trace_state", type: "String" },
  { name: "flags", type: "UInt32" },
  { name: "operation", type: WORD },
  { name: "kind", type: SPAN_KIND },
  { name: "status_code", type: STATUS_CODE },
  { name: "status_message", type: "String" },
  { name: "timestamp_ns", type: "Int64" },
  { name: "duration_ns", type: "UInt64" },
  { name: "scope_name", type: WORD },
  { name: "scope_version", type: WORD },
  { name: "attributes", type: ATTRIBUTES },
  { name: "resource_attributes", type: ATTRIBUTES },
  { name: "events", type: "Array(Tuple(timestamp_ns Int64, name String, attributes Map(String, String)))" },
  {
    name: "links",
    type: "Array(Tuple(trace_id String, span_id String, trace_state String, attributes Map(String, String)))",
  },
  { name: "dropped_attributes_count", type: "UInt32" },
  { name: "dropped_events_count", type: "UInt32" },
  { name: "dropped_links_count", type: "UInt32" },
];

const LOGS: readonly Column[] = [
  { name: "tenant", type: WORD },
  { name: "resource_id", type: "UInt64" },
  { name: "service_name", type: WORD },
  { name: "timestamp_ns", type: "Int64" },
  { name: "observed_timestamp_ns", type: "Int64" },
  { name: "trace_id", type: "String" },
  { name: "span_id", type: "String" },
  { name: "flags", type: "UInt32" },
  { name: "severity_number", type: "UInt8" },
  { name: "severity_text", type: WORD },
  { name: "level", type: WORD },
  { name: "event_name", type: WORD },
  { name: "body", type: "String" },
  { name: "scope_name", type: WORD },
  { name: "scope_version", type: WORD },
  { name: "attributes", type: ATTRIBUTES },
  { name: "resource_attributes", type: ATTRIBUTES },
  { name: "dropped_attributes_count", type: "UInt32" },
];

const METRICS: readonly Column[] = [
  { name: "tenant", type: WORD },
  { name: "resource_id", type: "UInt64" },
  { name: "service_name", type: WORD },
  { name: "timestamp_ns", type: "Int64" },
  { name: "start_timestamp_ns", type: "Int64" },
  { name: "name", type: WORD },
  { name: "description", type: WORD },
  { name: "unit", type: WORD },
  { name: "type", type: METRIC_TYPE },
  { name: "value", type: "Float64" },
  { name: "is_monotonic", type: "UInt8" },
  { name: "temporality", type: TEMPORALITY },
  { name: "flags", type: "UInt32" },
  { name: "attributes", type: ATTRIBUTES },
  { name: "resource_attributes", type: ATTRIBUTES },
  { name: "scope_name", type: WORD },
  { name: "scope_version", type: WORD },
  { name: "count", type: "UInt64" },
  { name: "sum", type: "Float64" },
  { name: "min", type: "Float64" },
  { name: "max", type: "Float64" },
  { name: "bucket_counts", type: "Array(UInt64)" },
  { name: "explicit_bounds", type: "Array(Float64)" },
  { name: "scale", type: "Int32" },
  { name: "zero_count", type: "UInt64" },
  { name: "zero_threshold", type: "Float64" },
  { name: "positive_offset", type: "Int32" },
  { name: "positive_bucket_counts", type: "Array(UInt64)" },
  { name: "negative_offset", type: "Int32" },
  { name: "negative_bucket_counts", type: "Array(UInt64)" },
  { name: "quantiles", type: "Array(Float64)" },
  { name: "quantile_values", type: "Array(Float64)" },
  {
    name: "exemplars",
    type: "Array(Tuple(timestamp_ns Int64, value Float64, trace_id String, span_id String, attributes Map(String, String)))",
  },
];

const PROFILES: readonly Column[] = [
  { name: "tenant", type: WORD },
  { name: "resource_id", type: "UInt64" },
  { name: "service_name", type: WORD },
  { name: "type", type: WORD },
  { name: "unit", type: WORD },
  { name: "timestamp_ns", type: "Int64" },
  { name: "duration_ns", type: "UInt64" },
  { name: "value", type: "Int64" },
  { name: "stack_id", type: "UInt64" },
  { name: "trace_id", type: "String" },
  { name: "span_id", type: "String" },
  { name: "profile_id", type: "String" },
  { name: "period_type", type: WORD },
  { name: "period_unit", type: WORD },
  { name: "period", type: "Int64" },
  { name: "scope_name", type: WORD },
  { name: "scope_version", type: WORD },
  { name: "attributes", type: PROFILE_ATTRIBUTES },
  { name: "resource_attributes", type: PROFILE_ATTRIBUTES },
  { name: "dropped_attributes_count", type: "UInt32" },
];

/** FRAMES is what blocks of profiles bring beside: the frames of a stack with the first sample of it. */
export const FRAMES: Column = {
  name: "frames",
  type: `Array(Tuple(function ${WORD}, file ${WORD}, line UInt32, mapping ${WORD}, build_id ${WORD}, address UInt64, frame_type ${WORD}, inlined UInt8))`,
};

/** COLUMNS lists, per signal, every column that `SELECT *` gives; row-columns.ts has what is stored. */
export const COLUMNS: Readonly<Record<Signal, readonly Column[]>> = {
  traces: TRACES,
  logs: LOGS,
  metrics: METRICS,
  profiles: PROFILES,
};

const TIME = "DateTime64(9, 'UTC')";
const FROM_NS = "fromUnixTimestamp64Nano(timestamp_ns, 'UTC')";

/** PAIR_HASHES is a hash for each key with its value, the resource's among them. Until schema 4 an index was over it. */
const PAIR_HASHES =
  "arrayMap((k, v) -> cityHash64(k, v), arrayConcat(mapKeys(attributes), mapKeys(resource_attributes)), arrayConcat(mapValues(attributes), mapValues(resource_attributes)))";
const HASHES: AliasColumn = { name: "attribute_hashes", type: "Array(UInt64)", expression: PAIR_HASHES };

const FROM_KEYS = "by the letters behind the keys, in views.sql";
const TYPES: readonly AliasColumn[] = [
  { name: "attribute_types", type: ATTRIBUTES, expression: FROM_KEYS },
  { name: "resource_attribute_types", type: ATTRIBUTES, expression: FROM_KEYS },
];

/** ALIASES lists, per signal, the columns that the engine derives from the stored ones: no part of `SELECT *`. */
export const ALIASES: Readonly<Record<Signal, readonly AliasColumn[]>> = {
  traces: [
    { name: "start_time", type: TIME, expression: FROM_NS },
    {
      name: "end_time",
      type: TIME,
      expression: "fromUnixTimestamp64Nano(timestamp_ns + toInt64(duration_ns), 'UTC')",
    },
    HASHES,
    ...TYPES,
  ],
  logs: [{ name: "timestamp", type: TIME, expression: FROM_NS }, HASHES, ...TYPES],
  metrics: [{ name: "timestamp", type: TIME, expression: FROM_NS }, ...TYPES],
  profiles: [{ name: "timestamp", type: TIME, expression: FROM_NS }],
};
