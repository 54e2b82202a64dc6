-- How much longer calls took for the caller than for the service that answered.
SELECT
    toStartOfInterval(caller.start_time, INTERVAL {step:UInt64} SECOND) AS time,
    quantile(0.95)(toInt64(caller.duration_ns) - toInt64(callee.duration_ns)) AS p95,
    quantile(0.5)(toInt64(caller.duration_ns) - toInt64(callee.duration_ns)) AS p50
FROM
(
    SELECT start_time, duration_ns, cityHash64(trace_id, span_id) AS id
    FROM traces
    WHERE service_name = {service:String} AND kind IN ('CLIENT', 'PRODUCER')
        AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
) AS caller
ANY INNER JOIN
(
    SELECT duration_ns, cityHash64(trace_id, parent_span_id) AS id
    FROM traces
    WHERE service_name = {target:String} AND kind IN ('SERVER', 'CONSUMER')
        AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} + 60000000000
) AS callee
USING id
GROUP BY time
ORDER BY time
