-- What each of some traces is as a whole; a span may lie outside the range searched, so the time is wider here.
SELECT
    trace_id,
    argMin(service_name, (parent_span_id != '', timestamp_ns)) AS root_service,
    argMin(operation, (parent_span_id != '', timestamp_ns)) AS root_operation,
    countIf(parent_span_id = '') = 0 AS root_missing,
    toString(min(timestamp_ns)) AS start_ns,
    max(timestamp_ns + toInt64(duration_ns)) - min(timestamp_ns) AS length_ns,
    count() AS spans,
    countIf(status_code = 'ERROR') AS errors,
    arraySort(groupUniqArray(20)(service_name)) AS services
FROM traces
WHERE trace_id IN {ids:Array(String)} AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
GROUP BY trace_id
