-- One row per observation of a stack. What the stack consists of is kept once, in stack_rows: grouped by stack_id, a flame
-- graph of a million samples costs a fortieth of what it does grouped by arrays of names (docs/storage.md has the tries).
-- A query of one service and type is a single range. Partitions and expiry are those of traces.sql.
CREATE TABLE IF NOT EXISTS go3s.profiles
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name LowCardinality(String),
    type LowCardinality(String),
    unit LowCardinality(String),
    timestamp_ns Int64 CODEC(Delta, Default),
    duration_ns UInt64,
    value Int64,
    stack_id UInt64,
    trace_id String,
    span_id String,
    profile_id String,
    period_type LowCardinality(String),
    period_unit LowCardinality(String),
    period Int64,
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
ORDER BY (tenant, service_name, type, timestamp_ns)
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;

-- Frames of a stack, the innermost first, one array per property and all of one length. Each segment brings the stacks it
-- uses; rows of one stack become one when parts are merged, and the youngest stays, so a stack lives as long as its samples.
CREATE TABLE IF NOT EXISTS go3s.stack_rows
(
    tenant LowCardinality(String),
    stack_id UInt64,
    functions Array(LowCardinality(String)),
    files Array(LowCardinality(String)),
    lines Array(UInt32),
    mappings Array(LowCardinality(String)),
    build_ids Array(LowCardinality(String)),
    addresses Array(UInt64),
    frame_types Array(LowCardinality(String)),
    inlined Array(UInt8),
    received_at DateTime('UTC') DEFAULT now('UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, stack_id)
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    merge_with_ttl_timeout = 3600;

-- A stack is one row here, merged or not. LIMIT BY lets conditions on the key through to the index.
CREATE VIEW IF NOT EXISTS go3s.stacks AS
SELECT tenant, stack_id, functions, files, lines, mappings, build_ids, addresses, frame_types, inlined
FROM go3s.stack_rows
LIMIT 1 BY tenant, stack_id;

-- What a block brings: samples, the first of each stack with its frames, the others with none. It keeps nothing;
-- the views of profiles-feeds.sql put each part where it belongs, in the same insert.
CREATE TABLE IF NOT EXISTS go3s.profiles_received
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name LowCardinality(String),
    type LowCardinality(String),
    unit LowCardinality(String),
    timestamp_ns Int64,
    duration_ns UInt64,
    value Int64,
    stack_id UInt64,
    trace_id String,
    span_id String,
    profile_id String,
    period_type LowCardinality(String),
    period_unit LowCardinality(String),
    period Int64,
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    attributes Map(LowCardinality(String), String),
    resource_attributes Map(LowCardinality(String), String),
    dropped_attributes_count UInt32,
    frames Array(Tuple(
        function LowCardinality(String),
        file LowCardinality(String),
        line UInt32,
        mapping LowCardinality(String),
        build_id LowCardinality(String),
        address UInt64,
        frame_type LowCardinality(String),
        inlined UInt8))
)
ENGINE = Null;
