-- What failed, by its message without ids and numbers.
SELECT
    toStartOfInterval(start_time, INTERVAL {step:UInt64} SECOND) AS time,
    replaceRegexpAll(if(status_message = '', attributes['error.type'], substring(status_message, 1, 100)), '[0-9]+', '#') AS message,
    count() AS failed
FROM traces
WHERE service_name = {service:String} AND operation = {operation:String} AND status_code = 'ERROR'
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
GROUP BY time, message
ORDER BY time
