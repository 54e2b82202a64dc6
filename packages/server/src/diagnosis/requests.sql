-- A sample of requests, the same one whenever it is asked: by a hash of their ids.
SELECT trace_id, span_id, operation, status_code = 'ERROR' AS failed, toString(timestamp_ns) AS start_ns, duration_ns
FROM traces
WHERE service_name = {service:String}
    AND ({operation:String} = '' OR operation = {operation:String})
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
ORDER BY cityHash64(span_id), trace_id
LIMIT {limit:UInt64}
