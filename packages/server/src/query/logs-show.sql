-- What "Show as SQL" starts from.
SELECT timestamp, service_name, level, body, trace_id, span_id
FROM logs
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND $filter$
ORDER BY timestamp_ns DESC
LIMIT 100
