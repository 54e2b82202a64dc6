-- Where rows are kept since schema 4; what is asked are the views of views.sql, with hexadecimal ids and attributes as maps.
-- docs/storage.md has what each of these choices was measured to save.
--
-- The order ends in ten seconds, not in a time: rows of one service and ten seconds are equal, so a merge copies them as runs instead
-- of comparing row by row, and they stay as they came, which is nearly the order of time. by_time finds times within.
-- A row's keys are one word (few lists of keys differ), its values one text; each key and each value is followed by the byte 255, which
-- occurs in no UTF-8. Behind the last key stand the types of the values, a letter each, where not all are texts. When a record was observed is how long after its time: mostly 0, or little. Ids are the bytes that they are; what may be absent is a String, as 0 bytes would be an id.
-- Rows expire by the time they were received: old or wrong clocks of senders neither keep data for ever nor throw it away unseen.
-- Partitions are days of the rows' own time, which a repeated insert splits the same way.
CREATE TABLE IF NOT EXISTS go3s.span_rows
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name LowCardinality(String),
    trace FixedString(16),
    span FixedString(8),
    parent String,
    trace_state String,
    flags UInt32,
    operation LowCardinality(String),
    kind Enum8('UNSPECIFIED' = 0, 'INTERNAL' = 1, 'SERVER' = 2, 'CLIENT' = 3, 'PRODUCER' = 4, 'CONSUMER' = 5),
    status_code Enum8('UNSET' = 0, 'OK' = 1, 'ERROR' = 2),
    status_message String,
    timestamp_ns Int64 CODEC(T64, Default),
    duration_ns UInt64 CODEC(T64, Default),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    attribute_keys LowCardinality(String),
    attribute_values String,
    resource_keys LowCardinality(String),
    resource_values LowCardinality(String),
    events Array(Tuple(timestamp_ns Int64, name String, attributes Map(String, String))),
    links Array(Tuple(trace_id String, span_id String, trace_state String, attributes Map(String, String))),
    dropped_attributes_count UInt32,
    dropped_events_count UInt32,
    dropped_links_count UInt32,
    received_at DateTime('UTC') DEFAULT now('UTC'),
    INDEX by_time timestamp_ns TYPE minmax GRANULARITY 1,
    INDEX by_trace_id lower(hex(trace)) TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_attribute mapValues(mapFromArrays(arrayPopBack(splitByChar('\xFF', attribute_keys)), arrayPopBack(splitByChar('\xFF', attribute_values)))) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_resource mapValues(mapFromArrays(arrayPopBack(splitByChar('\xFF', resource_keys)), arrayPopBack(splitByChar('\xFF', resource_values)))) TYPE bloom_filter(0.025) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY intDiv(timestamp_ns, 86400000000000)
ORDER BY (tenant, service_name, intDiv(timestamp_ns, 10000000000))
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;

CREATE TABLE IF NOT EXISTS go3s.log_rows
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name LowCardinality(String),
    timestamp_ns Int64 CODEC(T64, Default),
    observed_after_ns Int64 CODEC(T64, Default),
    trace String,
    span String,
    flags UInt32,
    severity_number UInt8,
    severity_text LowCardinality(String),
    level LowCardinality(String),
    event_name LowCardinality(String),
    body String,
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    attribute_keys LowCardinality(String),
    attribute_values String,
    resource_keys LowCardinality(String),
    resource_values LowCardinality(String),
    dropped_attributes_count UInt32,
    received_at DateTime('UTC') DEFAULT now('UTC'),
    INDEX by_time timestamp_ns TYPE minmax GRANULARITY 1,
    INDEX by_trace_id lower(hex(trace)) TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_attribute mapValues(mapFromArrays(arrayPopBack(splitByChar('\xFF', attribute_keys)), arrayPopBack(splitByChar('\xFF', attribute_values)))) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_resource mapValues(mapFromArrays(arrayPopBack(splitByChar('\xFF', resource_keys)), arrayPopBack(splitByChar('\xFF', resource_values)))) TYPE bloom_filter(0.025) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY intDiv(timestamp_ns, 86400000000000)
ORDER BY (tenant, service_name, intDiv(timestamp_ns, 10000000000))
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;

-- One row per data point, of every kind: columns that a kind does not have hold 0 or are empty. A series is read by its name
-- first, so the name leads the order.
CREATE TABLE IF NOT EXISTS go3s.metric_rows
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name LowCardinality(String),
    timestamp_ns Int64 CODEC(T64, Default),
    start_timestamp_ns Int64 CODEC(Delta, Default),
    name LowCardinality(String),
    description LowCardinality(String),
    unit LowCardinality(String),
    type Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5),
    value Float64,
    is_monotonic UInt8,
    temporality Enum8('UNSPECIFIED' = 0, 'DELTA' = 1, 'CUMULATIVE' = 2),
    flags UInt32,
    attribute_keys LowCardinality(String),
    attribute_values String,
    resource_keys LowCardinality(String),
    resource_values LowCardinality(String),
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
    received_at DateTime('UTC') DEFAULT now('UTC'),
    INDEX by_time timestamp_ns TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY intDiv(timestamp_ns, 86400000000000)
ORDER BY (tenant, name, service_name, intDiv(timestamp_ns, 10000000000))
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;
