-- A slice of a segment, exactly once: one request is one block, under a token of its own that is the same in every attempt. What was
-- said of engine/insert.sql holds here; rows and bytes make no block end before the request does.
INSERT INTO go3s.$table$ ($columns$)
SETTINGS
    insert_deduplicate = 1,
    insert_deduplication_token = '$token$',
    deduplicate_blocks_in_dependent_materialized_views = 1,
    distributed_foreground_insert = 1,
    async_insert = 0,
    max_insert_threads = 1,
    min_insert_block_size_rows = 1073741824,
    min_insert_block_size_bytes = 0,
    max_partitions_per_insert_block = 1000000,
    input_format_native_allow_types_conversion = 1
FORMAT Native
