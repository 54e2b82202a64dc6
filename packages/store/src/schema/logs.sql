-- One row per log record. The reasons for order, partitions and expiry are those of traces.sql.
CREATE TABLE IF NOT EXISTS go3s.logs
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name LowCardinality(String),
    timestamp_ns Int64 CODEC(Delta, Default),
    observed_timestamp_ns Int64 CODEC(Delta, Default),
    trace_id String,
    span_id String,
    flags UInt32,
    severity_number UInt8,
    severity_text LowCardinality(String),
    level LowCardinality(String),
    event_name LowCardinality(String),
    body String,
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    attributes Map(LowCardinality(String), String),
    resource_attributes Map(LowCardinality(String), String),
    dropped_attributes_count UInt32,
    received_at DateTime('UTC') MATERIALIZED now('UTC'),
    timestamp DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(timestamp_ns, 'UTC'),
    INDEX by_trace_id trace_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY intDiv(timestamp_ns, 86400000000000)
ORDER BY (tenant, service_name, timestamp_ns)
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;
