-- The log records of one span, by time.
SELECT
    toString(timestamp_ns) AS at_ns,
    toString(cityHash64(service_name, trace_id, span_id, event_name, body, attributes)) AS tie,
    service_name, level, severity_text, event_name, body, trace_id, span_id, attributes
FROM logs
WHERE trace_id = {trace_id:String} AND span_id = {span_id:String}
ORDER BY timestamp_ns
LIMIT 1000
