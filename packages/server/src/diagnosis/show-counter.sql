-- A counter's increase a second.
SELECT time, sum(increase) / {step:UInt64} AS per_second
FROM
(
    SELECT toStartOfInterval(timestamp, INTERVAL {step:UInt64} SECOND) AS time, max(value) - min(value) AS increase
    FROM metrics
    WHERE service_name = {service:String} AND name = {name:String}
        AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    GROUP BY time, resource_id, attributes
)
GROUP BY time
ORDER BY time
