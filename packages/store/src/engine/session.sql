-- What a session of a user is before the user's statement runs in it. `readonly = 2` comes last: it cannot be undone.
-- Joins run in the order that is written: by its own guess of rows the engine was seen to begin with the join by service,
-- every span with every point, and to end at the limit of memory (docs/storage.md). Attributes are taken apart when they are read:
-- as a "subcolumn" `attributes['k']` would be no cheaper, and found by no index.
USE go3s;
SET ROLE go3s_reader;
SET max_execution_time = $time_s$,
    max_memory_usage = $memory_bytes$,
    max_bytes_before_external_group_by = $spill_bytes$,
    max_bytes_before_external_sort = $spill_bytes$,
    max_result_rows = $result_rows$,
    max_result_bytes = $result_bytes$,
    result_overflow_mode = 'throw',
    max_threads = $threads$,
    query_plan_optimize_join_order_limit = 0,
    optimize_functions_to_subcolumns = 0,
    allow_introspection_functions = 0,
    output_format_json_quote_64bit_integers = $quote_integers$,
    output_format_write_statistics = 1,
    log_comment = $tag$;
