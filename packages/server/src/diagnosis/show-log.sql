-- How many log lines had a form.
SELECT
    toStartOfInterval(timestamp, INTERVAL {step:UInt64} SECOND) AS time,
    countIf($form$ = {template:String}) AS lines
FROM logs
WHERE service_name = {service:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
GROUP BY time
ORDER BY time
