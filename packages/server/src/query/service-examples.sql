-- Requests of one service worth opening: the slowest, or the newest that failed.
SELECT
    trace_id, span_id, operation, status_code, status_message,
    toString(timestamp_ns) AS start_ns,
    duration_ns
FROM traces
WHERE service_name = {service:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
    AND (status_code = 'ERROR' OR NOT {failing:UInt8})
    AND $filter$
ORDER BY if({failing:UInt8}, timestamp_ns, toInt64(duration_ns)) DESC
LIMIT 10
