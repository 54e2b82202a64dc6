-- Where in time a trace lies: with it a trace is sought where its rows are, not through the bloom filters of all that was
-- ever kept. Fed by spans and log records. The id is toUInt32(cityHash64(trace_id)): two traces of the same hash share a
-- row and the search is only wider. Sorted hashes of 32 bits take 1.5 bytes; those of 64 would take 6.
-- A slot is 2^30 ns: shifting rounds down before 1970 too, and never overflows.
CREATE TABLE IF NOT EXISTS go3s.trace_times
(
    id UInt32 CODEC(Delta, ZSTD(1)),
    first_slot SimpleAggregateFunction(min, Int64) CODEC(T64, ZSTD(1)),
    last_slot SimpleAggregateFunction(max, Int64) CODEC(T64, ZSTD(1)),
    received_at SimpleAggregateFunction(max, DateTime('UTC')) DEFAULT now('UTC') CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY intDiv(first_slot, 80466)
ORDER BY id
SETTINGS
    index_granularity = 1024,
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;
