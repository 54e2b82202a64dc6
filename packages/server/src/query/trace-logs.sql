-- What was logged during one trace: log records and span events, by time. Where it lies in time is looked up first (docs/schema.md, trace_times).
WITH (SELECT (bitShiftLeft(min(first_slot), 30), bitShiftLeft(max(last_slot), 30) + 1073741823) FROM trace_times WHERE id = toUInt32(cityHash64({trace_id:String}))) AS lies
SELECT at_ns, span_id, source, level, line
FROM
(
    SELECT timestamp_ns AS time, toString(timestamp_ns) AS at_ns, span_id, 'log' AS source, level,
        if(body != '', body, event_name) AS line
    FROM logs
    WHERE timestamp_ns >= lies.1 AND timestamp_ns <= lies.2 AND trace_id = {trace_id:String}
    UNION ALL
    SELECT event.1 AS time, toString(event.1) AS at_ns, span_id, 'event' AS source,
        if(event.2 = 'exception', 'ERROR', '') AS level,
        if(event.3['exception.message'] != '', concat(event.2, ': ', event.3['exception.message']), event.2) AS line
    FROM traces
    ARRAY JOIN events AS event
    WHERE timestamp_ns >= lies.1 AND timestamp_ns <= lies.2 AND trace_id = {trace_id:String}
)
ORDER BY time
LIMIT {limit:UInt64}
