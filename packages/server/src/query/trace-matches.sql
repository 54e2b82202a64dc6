-- The spans of one trace that pass a filter, by start. Where it lies in time is looked up first (docs/schema.md, trace_times).
WITH (SELECT (bitShiftLeft(min(first_slot), 30), bitShiftLeft(max(last_slot), 30) + 1073741823) FROM trace_times WHERE id = toUInt32(cityHash64({trace_id:String}))) AS lies
SELECT span_id
FROM traces
WHERE timestamp_ns >= lies.1 AND timestamp_ns <= lies.2 AND trace_id = {trace_id:String} AND $filter$
ORDER BY timestamp_ns, span_id
LIMIT {limit:UInt64}
