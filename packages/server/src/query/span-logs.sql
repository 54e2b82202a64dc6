-- The log records of one span, by time. Where it lies in time is looked up first (docs/schema.md, trace_times).
WITH (SELECT (bitShiftLeft(min(first_slot), 30), bitShiftLeft(max(last_slot), 30) + 1073741823) FROM trace_times WHERE id = toUInt32(cityHash64({trace_id:String}))) AS lies
SELECT
    toString(timestamp_ns) AS at_ns,
    toString(cityHash64(service_name, trace_id, span_id, event_name, body, attributes)) AS tie,
    service_name, level, severity_text, event_name, body, trace_id, span_id, attributes
FROM logs
WHERE timestamp_ns >= lies.1 AND timestamp_ns <= lies.2 AND trace_id = {trace_id:String} AND span_id = {span_id:String}
ORDER BY timestamp_ns
LIMIT 1000
