-- One span with everything it holds, as whole-spans.sql has it. Where it lies in time is looked up first (docs/schema.md, trace_times).
WITH (SELECT (bitShiftLeft(min(first_slot), 30), bitShiftLeft(max(last_slot), 30) + 1073741823) FROM trace_times WHERE id = toUInt32(cityHash64({trace_id:String}))) AS lies
SELECT
    trace_id, span_id, parent_span_id, trace_state, flags, service_name, operation,
    toInt8(kind) AS kind, toInt8(status_code) AS status, status_message,
    toString(timestamp_ns) AS start_ns,
    toString(duration_ns) AS length_ns,
    scope_name, scope_version,
    toString(resource_id) AS resource,
    attributes, resource_attributes,
    mapFilter((key, type) -> type != 'string', attribute_types) AS span_types,
    mapFilter((key, type) -> type != 'string', resource_attribute_types) AS resource_types,
    arrayMap(event -> (toString(event.1), event.2, event.3), events) AS span_events,
    arrayMap(link -> (link.1, link.2, link.3, link.4), links) AS span_links
FROM traces
WHERE timestamp_ns >= lies.1 AND timestamp_ns <= lies.2 AND trace_id = {trace_id:String} AND span_id = {span_id:String}
LIMIT 1
