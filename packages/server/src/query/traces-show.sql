-- What "Show as SQL" starts from.
SELECT start_time, service_name, operation, status_code, duration_ns / 1e6 AS ms, trace_id, span_id
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND $filter$
ORDER BY timestamp_ns DESC
LIMIT 100
