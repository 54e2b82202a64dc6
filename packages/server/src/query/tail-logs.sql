-- Log records since a moment, newest first.
SELECT
    toString(cityHash64(service_name, span_id, event_name, body, severity_number, toString(attributes))) AS tie,
    trace_id, span_id, service_name, level, severity_number, event_name, body,
    toString(timestamp_ns) AS at_ns,
    attributes, resource_attributes
FROM logs
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND $filter$
ORDER BY timestamp_ns DESC
LIMIT {limit:UInt64}
