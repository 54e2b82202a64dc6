-- Matching spans by time and duration: a level is half a power of two of nanoseconds.
SELECT
    intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket,
    toInt16(floor(log2(greatest(duration_ns, 1)) * 2)) AS level,
    count() AS items,
    countIf(status_code = 'ERROR') AS errors
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND $filter$
GROUP BY bucket, level
ORDER BY bucket, level
