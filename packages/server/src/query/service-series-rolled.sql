-- service-series.sql from the minutes' rollup, with what sampling left out, and, where the range begins and ends within a minute, from the spans.
SELECT
    bucket,
    grouping(bucket) AS total,
    round(sum(spans)) AS requests,
    round(sum(red.errors)) AS errors,
    quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(durations) AS quantiles,
    toString(max(red.last_ns)) AS last_ns
FROM
(
    SELECT intDiv(minute_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket, toFloat64(spans) AS spans, toFloat64(errors) AS errors, last_ns, durations
    FROM red_minutes
    WHERE service_name = {service:String} AND minute_ns >= intDiv({from_ns:Int64} + 59999999999, 60000000000) * 60000000000
        AND minute_ns < intDiv({to_ns:Int64}, 60000000000) * 60000000000 AND is_request
    UNION ALL
    SELECT intDiv(minute_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket, spans, errors, 0 AS last_ns,
        arrayReduce('quantilesDDState(0.01, 0.5, 0.95, 0.99)', emptyArrayUInt64()) AS durations
    FROM red_unseen
    WHERE service_name = {service:String} AND minute_ns >= intDiv({from_ns:Int64} + 59999999999, 60000000000) * 60000000000
        AND minute_ns < intDiv({to_ns:Int64}, 60000000000) * 60000000000 AND is_request
    UNION ALL
    SELECT intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket, sum($weight$) AS spans, sumIf($weight$, status_code = 'ERROR') AS errors, max(timestamp_ns) AS last_ns,
        quantilesDDState(0.01, 0.5, 0.95, 0.99)(duration_ns) AS durations
    FROM traces
    WHERE service_name = {service:String} AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        AND (timestamp_ns < intDiv({from_ns:Int64} + 59999999999, 60000000000) * 60000000000
            OR timestamp_ns >= intDiv({to_ns:Int64}, 60000000000) * 60000000000)
        AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
    GROUP BY bucket
) AS red
GROUP BY GROUPING SETS ((), (bucket))
ORDER BY total DESC, bucket
