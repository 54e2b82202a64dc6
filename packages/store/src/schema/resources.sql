-- One row per resource, whatever signals it sends. Rows of the same resource become one when parts are merged, so
-- a query takes any() and max() of them by resource_id. Nanoseconds are those of what was sent.
CREATE TABLE IF NOT EXISTS go3s.resources
(
    tenant LowCardinality(String),
    resource_id UInt64,
    service_name SimpleAggregateFunction(anyLast, String),
    attributes SimpleAggregateFunction(anyLast, Map(String, String)),
    first_seen_ns SimpleAggregateFunction(min, Int64),
    last_seen_ns SimpleAggregateFunction(max, Int64),
    received_at SimpleAggregateFunction(max, DateTime('UTC')) DEFAULT now('UTC')
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant, resource_id)
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    merge_with_ttl_timeout = 3600;
