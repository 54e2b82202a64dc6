-- A gauge's mean.
SELECT toStartOfInterval(timestamp, INTERVAL {step:UInt64} SECOND) AS time, avg(value) AS value
FROM metrics
WHERE service_name = {service:String} AND name = {name:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
GROUP BY time
ORDER BY time
