-- How long a service's spans took, with an attribute's value and without.
SELECT
    toStartOfInterval(start_time, INTERVAL {step:UInt64} SECOND) AS time,
    if({value:String} IN (attributes[{key:String}], resource_attributes[{key:String}], if({key:String} = 'operation', operation, '')), {value:String}, 'others') AS who,
    quantile(0.95)(duration_ns) AS p95
FROM traces
WHERE service_name = {service:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
GROUP BY time, who
ORDER BY time
