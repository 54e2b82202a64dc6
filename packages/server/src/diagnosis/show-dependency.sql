-- How long calls to something took.
SELECT
    toStartOfInterval(start_time, INTERVAL {step:UInt64} SECOND) AS time,
    quantile(0.95)(duration_ns) AS p95,
    quantile(0.5)(duration_ns) AS p50
FROM traces
WHERE service_name = {service:String} AND kind IN ('CLIENT', 'PRODUCER')
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND {target:String} IN (operation, $peer$)
GROUP BY time
ORDER BY time
