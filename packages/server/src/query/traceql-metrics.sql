-- Spans that a condition holds for, by time and what they are grouped by.
SELECT
    intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket,
    [$groups$] AS labels,
    $measure$ AS measured
FROM traces
WHERE timestamp_ns >= {start_ns:Int64} AND timestamp_ns < {end_ns:Int64} AND ($filter$)
GROUP BY bucket, labels
LIMIT {limit:UInt64}
