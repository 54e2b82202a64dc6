-- Matching spans over time.
SELECT
    intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket,
    count() AS items,
    countIf(status_code = 'ERROR') AS errors
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND $filter$
GROUP BY bucket
