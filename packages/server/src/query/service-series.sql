-- Requests of one service: one row for the whole range (total = 1) and one per bucket of time.
SELECT
    intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket,
    grouping(bucket) AS total,
    round(sum($weight$)) AS requests,
    round(sumIf($weight$, status_code = 'ERROR')) AS errors,
    quantiles(0.5, 0.95, 0.99)(duration_ns) AS quantiles,
    toString(max(timestamp_ns)) AS last_ns
FROM traces
WHERE service_name = {service:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
    AND $filter$
GROUP BY GROUPING SETS ((), (bucket))
ORDER BY total DESC, bucket
