-- Spans that ended after a moment, newest first; those that took longer than the window are not seen. Late ones come with the next question, since
-- each looks back some seconds.
SELECT
    trace_id, span_id, parent_span_id, service_name, operation, CAST(kind, 'String') AS kind,
    CAST(status_code, 'String') AS status_code, status_message,
    toString(timestamp_ns) AS at_ns, toString(duration_ns) AS length_ns,
    attributes, resource_attributes
FROM traces
WHERE timestamp_ns >= {window_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND timestamp_ns + toInt64(duration_ns) >= {from_ns:Int64} AND $filter$
ORDER BY timestamp_ns DESC
LIMIT {limit:UInt64}
