-- The spans of some traces as columns, trace by trace, by start.
SELECT
    trace_id, span_id, parent_span_id,
    toString(timestamp_ns) AS start_ns,
    duration_ns, service_name, operation,
    toInt8(status_code) AS status
FROM traces
WHERE trace_id IN {ids:Array(String)} AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
ORDER BY trace_id, timestamp_ns, span_id
LIMIT {limit:UInt64}
