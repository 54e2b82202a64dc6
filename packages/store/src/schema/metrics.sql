-- One row per data point, of every kind: columns that a kind does not have hold 0 or are empty. A series is read
-- by its name first, so the name leads the order. Partitions and expiry are those of traces.sql.
CREATE TABLE IF NOT EXISTS go3s.metrics
(
    tenant LowCardinality(String),
    resource_id UInt64 CODEC(ZSTD(1)),
    service_name LowCardinality(String),
    timestamp_ns Int64 CODEC(Delta, ZSTD(1)),
    start_timestamp_ns Int64 CODEC(Delta, ZSTD(1)),
    name LowCardinality(String),
    description LowCardinality(String),
    unit LowCardinality(String),
    type Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5),
    value Float64 CODEC(ZSTD(1)),
    is_monotonic UInt8 CODEC(ZSTD(1)),
    temporality Enum8('UNSPECIFIED' = 0, 'DELTA' = 1, 'CUMULATIVE' = 2),
    flags UInt32 CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    count UInt64 CODEC(ZSTD(1)),
    sum Float64 CODEC(ZSTD(1)),
    min Float64 CODEC(ZSTD(1)),
    max Float64 CODEC(ZSTD(1)),
    bucket_counts Array(UInt64) CODEC(ZSTD(1)),
    explicit_bounds Array(Float64) CODEC(ZSTD(1)),
    scale Int32 CODEC(ZSTD(1)),
    zero_count UInt64 CODEC(ZSTD(1)),
    zero_threshold Float64 CODEC(ZSTD(1)),
    positive_offset Int32 CODEC(ZSTD(1)),
    positive_bucket_counts Array(UInt64) CODEC(ZSTD(1)),
    negative_offset Int32 CODEC(ZSTD(1)),
    negative_bucket_counts Array(UInt64) CODEC(ZSTD(1)),
    quantiles Array(Float64) CODEC(ZSTD(1)),
    quantile_values Array(Float64) CODEC(ZSTD(1)),
    exemplars Array(Tuple(timestamp_ns Int64, value Float64, trace_id String, span_id String, attributes Map(String, String))) CODEC(ZSTD(1)),
    received_at DateTime('UTC') MATERIALIZED now('UTC') CODEC(ZSTD(1)),
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
