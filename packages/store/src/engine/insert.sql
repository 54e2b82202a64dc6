-- The rows of one segment and signal, exactly once, mostly as one part: spans of a whole segment of the log are some 550,000. Token and block split are the same in every attempt, so a
-- repeated insert finds the blocks that are already there; see "Exactly once" in the README. Filters over values are made by
-- merges: a fresh part is read sooner than its filter would be built (docs/storage.md).
INSERT INTO go3s.$table$ ($columns$)
SETTINGS
    insert_deduplicate = 1,
    insert_deduplication_token = '$token$',
    deduplicate_blocks_in_dependent_materialized_views = 1,
    async_insert = 0,
    max_threads = 1,
    max_insert_threads = 1,
    max_insert_block_size = 655360,
    min_insert_block_size_rows = 655360,
    min_insert_block_size_bytes = 0,
    max_partitions_per_insert_block = 1000000,
    input_format_native_allow_types_conversion = 1,
    exclude_materialize_skip_indexes_on_insert = 'by_attribute,by_resource'
SELECT $columns$ FROM file($path$, Native)
