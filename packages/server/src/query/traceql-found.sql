-- Traces that may match, newest first. $leaves$ are the conditions of the expression's parts, $having$ how they must come together in
-- one trace; both hold for at least the traces that match, which are then looked at whole.
SELECT trace_id, toString(max(timestamp_ns)) AS newest_ns
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND trace_id != '' AND ($leaves$)
GROUP BY trace_id
HAVING ($having$) AND max(timestamp_ns) <= {before_ns:Int64}
ORDER BY max(timestamp_ns) DESC, trace_id
LIMIT {limit:UInt64}
