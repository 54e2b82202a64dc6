-- Traces with a span that passes the filter; by time, or by the longest such span.
SELECT
    trace_id,
    count() AS matched,
    argMin(span_id, timestamp_ns) AS matched_span_id,
    toString(min(timestamp_ns)) AS first_ns,
    toString(max(timestamp_ns)) AS last_ns
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND trace_id != '' AND $filter$
GROUP BY trace_id
ORDER BY if({by_duration:UInt8}, toInt64(max(duration_ns)), min(timestamp_ns)) DESC, trace_id
LIMIT {limit:UInt64}
