-- One row per data point, of every kind: columns that a kind does not have hold 0 or are empty. A series is read
-- by its name first, so the name leads the order. Partitions and expiry are those of traces.sql.
CREATE TABLE IF NOT EXISTS go3s.metrics
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name LowCardinality(String),
    timestamp_ns Int64 CODEC(Delta, Default),
    start_timestamp_ns Int64 CODEC(Delta, Default),
    name LowCardinality(String),
    description LowCardinality(String),
    unit LowCardinality(String),
    type Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5),
    value Float64,
    is_monotonic UInt8,
    temporality Enum8('UNSPECIFIED' = 0, 'DELTA' = 1, 'CUMULATIVE' = 2),
    flags UInt32,
    attributes Map(LowCardinality(String), String),
    resource_attributes Map(LowCardinality(String), String),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    count UInt64,
    sum Float64,
    min Float64,
    max Float64,
    bucket_counts Array(UInt64),
    explicit_bounds Array(Float64),
    scale Int32,
    zero_count UInt64,
    zero_threshold Float64,
    positive_offset Int32,
    positive_bucket_counts Array(UInt64),
    negative_offset Int32,
    negative_bucket_counts Array(UInt64),
    quantiles Array(Float64),
    quantile_values Array(Float64),
    exemplars Array(Tuple(timestamp_ns Int64, value Float64, trace_id String, span_id String, attributes Map(String, String))),
    received_at DateTime('UTC') MATERIALIZED now('UTC'),
    timestamp DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(timestamp_ns, 'UTC')
)
ENGINE = MergeTree
PARTITION BY intDiv(timestamp_ns, 86400000000000)
ORDER BY (tenant, name, service_name, timestamp_ns)
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;
