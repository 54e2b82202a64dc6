-- One trace as columns, by start; nanoseconds from the trace's start, which fit a number.
SELECT
    span_id,
    parent_span_id,
    toString(timestamp_ns) AS start_ns,
    duration_ns,
    service_name,
    operation,
    toInt8(kind) AS kind,
    toInt8(status_code) AS status
FROM traces
WHERE trace_id = {trace_id:String}
ORDER BY timestamp_ns, span_id
LIMIT {limit:UInt64}
