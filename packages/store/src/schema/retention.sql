SELECT
    name,
    position(engine_full, ' TTL ') > 0 AS expires,
    extract(engine_full, 'TTL received_at \\+ toIntervalSecond\\((\\d+)\\)') AS seconds
FROM system.tables
WHERE database = 'go3s' AND name IN ('traces', 'logs', 'metrics', 'resources', 'trace_times', 'red_minutes')
