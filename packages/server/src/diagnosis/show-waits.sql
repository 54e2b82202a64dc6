-- What a request's goroutine spent its time with, on average.
SELECT
    toStartOfInterval(start_time, INTERVAL {step:UInt64} SECOND) AS time,
    avg(toInt64OrZero(attributes['go3s.goroutine.running_ns'])) AS running,
    avg(toInt64OrZero(attributes['go3s.goroutine.runnable_ns'])) AS runnable,
    avg(toInt64OrZero(attributes['go3s.goroutine.syscall_ns'])) AS syscall,
    avg(toInt64OrZero(attributes['go3s.goroutine.lock_ns'])) AS lock,
    avg(toInt64OrZero(attributes['go3s.goroutine.channel_ns'])) AS channel,
    avg(toInt64OrZero(attributes['go3s.goroutine.network_ns'])) AS network,
    avg(toInt64OrZero(attributes['go3s.goroutine.gc_ns'])) AS gc,
    avg(toInt64OrZero(attributes['go3s.goroutine.sleep_ns'])) AS sleep
FROM traces
WHERE service_name = {service:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND attributes['go3s.goroutine.running_ns'] != ''
GROUP BY time
ORDER BY time
