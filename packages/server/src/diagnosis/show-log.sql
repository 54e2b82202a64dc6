-- How many log lines had a form.
SELECT toStartOfInterval(timestamp, INTERVAL {step:UInt64} SECOND) AS time, count() AS lines
FROM logs
WHERE service_name = {service:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND $form$ = {template:String}
GROUP BY time
ORDER BY time
