-- Log records, oldest first, from after a cursor: how a tail goes on.
SELECT
    toString(timestamp_ns) AS at_ns,
    toString(cityHash64(service_name, trace_id, span_id, event_name, body, attributes)) AS tie,
    service_name, level, severity_text, event_name, body, trace_id, span_id, attributes
FROM logs
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND $filter$
    AND (timestamp_ns, cityHash64(service_name, trace_id, span_id, event_name, body, attributes))
        > ({cursor_ns:Int64}, {cursor_tie:UInt64})
ORDER BY timestamp_ns, cityHash64(service_name, trace_id, span_id, event_name, body, attributes)
LIMIT {limit:UInt64}
