-- Requests, errors and durations by operation and minute. The sketch's quantiles are within one percent and can be merged over any
-- range; a TDigest of the same spans is twice as large (docs/storage.md). `is_request` is what counts as a request of the service:
-- an incoming span, or a root.
CREATE TABLE IF NOT EXISTS go3s.red_minutes
(
    tenant LowCardinality(String),
    service_name LowCardinality(String),
    minute_ns Int64 CODEC(Delta, Default),
    operation LowCardinality(String),
    kind Enum8('UNSPECIFIED' = 0, 'INTERNAL' = 1, 'SERVER' = 2, 'CLIENT' = 3, 'PRODUCER' = 4, 'CONSUMER' = 5),
    is_request UInt8,
    spans SimpleAggregateFunction(sum, UInt64),
    errors SimpleAggregateFunction(sum, UInt64),
    last_ns SimpleAggregateFunction(max, Int64),
    durations AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), UInt64),
    received_at SimpleAggregateFunction(max, DateTime('UTC')) DEFAULT now('UTC')
)
ENGINE = AggregatingMergeTree
PARTITION BY intDiv(minute_ns, 86400000000000)
ORDER BY (tenant, service_name, minute_ns, operation, kind, is_request)
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;
