-- Requests a second.
SELECT
    toStartOfInterval(start_time, INTERVAL {step:UInt64} SECOND) AS time,
    operation,
    count() / {step:UInt64} AS requests
FROM traces
WHERE service_name = {service:String}
    AND ({operation:String} = '' OR operation = {operation:String})
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
GROUP BY time, operation
ORDER BY time
