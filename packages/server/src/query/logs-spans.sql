-- Spans as lines among log records, newest first, from before a cursor.
SELECT
    toString(timestamp_ns) AS at_ns,
    toString(cityHash64(trace_id, span_id)) AS tie,
    service_name,
    if(status_code = 'ERROR', 'ERROR', '') AS level,
    '' AS severity_text,
    'span' AS event_name,
    if(status_message = '', toString(operation), concat(toString(operation), ': ', substring(status_message, 1, 300))) AS body,
    trace_id, span_id, attributes, duration_ns
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND $filter$
    AND (timestamp_ns, cityHash64(trace_id, span_id)) < ({cursor_ns:Int64}, {cursor_tie:UInt64})
ORDER BY timestamp_ns DESC, cityHash64(trace_id, span_id) DESC
LIMIT {limit:UInt64}
