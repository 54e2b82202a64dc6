-- How many of an operation's spans failed.
SELECT
    toStartOfInterval(start_time, INTERVAL {step:UInt64} SECOND) AS time,
    countIf(status_code = 'ERROR') AS failed
FROM traces
WHERE service_name = {service:String} AND operation = {operation:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
GROUP BY time
ORDER BY time
