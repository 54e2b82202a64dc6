-- One row per span. The order makes "one service in a time range" a single range; a trace is found by its id
-- through the bloom filter, which is the only skip index because each one costs insert time.
-- Rows expire by the time they were received: old or wrong clocks of senders neither keep data for ever nor
-- throw it away unseen. Partitions are days of the spans' own time, which a repeated insert splits the same way.
-- No codec is named: engine/config.xml takes LZ4 for what was just inserted and ZSTD for what merges make large.
CREATE TABLE IF NOT EXISTS go3s.traces
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name LowCardinality(String),
    trace_id String,
    span_id String,
    parent_span_id String,
    trace_state String,
    flags UInt32,
    operation LowCardinality(String),
    kind Enum8('UNSPECIFIED' = 0, 'INTERNAL' = 1, 'SERVER' = 2, 'CLIENT' = 3, 'PRODUCER' = 4, 'CONSUMER' = 5),
    status_code Enum8('UNSET' = 0, 'OK' = 1, 'ERROR' = 2),
    status_message String,
    timestamp_ns Int64 CODEC(Delta, Default),
    duration_ns UInt64,
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    attributes Map(LowCardinality(String), String),
    resource_attributes Map(LowCardinality(String), String),
    events Array(Tuple(timestamp_ns Int64, name String, attributes Map(String, String))),
    links Array(Tuple(trace_id String, span_id String, trace_state String, attributes Map(String, String))),
    dropped_attributes_count UInt32,
    dropped_events_count UInt32,
    dropped_links_count UInt32,
    received_at DateTime('UTC') MATERIALIZED now('UTC'),
    start_time DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(timestamp_ns, 'UTC'),
    end_time DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(timestamp_ns + toInt64(duration_ns), 'UTC'),
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

CREATE VIEW IF NOT EXISTS go3s.spans AS
SELECT *, start_time, end_time FROM go3s.traces;
