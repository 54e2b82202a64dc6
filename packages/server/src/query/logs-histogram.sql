-- Matching log records over time.
SELECT
    intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket,
    count() AS items,
    countIf(level IN ('ERROR', 'FATAL')) AS errors
FROM logs
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND $filter$
GROUP BY bucket
