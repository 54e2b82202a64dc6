SELECT
    name,
    position(engine_full, ' TTL ') > 0 AS expires,
    toUInt64OrZero(extract(engine_full, 'TTL received_at \\+ toIntervalSecond\\((\\d+)\\)'))
        + toUInt64OrZero(extract(engine_full, 'TTL received_at \\+ toIntervalDay\\((\\d+)\\)')) * 86400 AS seconds,
    comment
FROM system.tables
WHERE database = 'go3s' AND name IN ('traces', 'logs', 'metrics', 'span_rows', 'log_rows', 'metric_rows', 'profiles', 'stack_rows', 'resources', 'trace_times', 'red_minutes', 'red_unseen')
