-- map-services.sql from the minutes' rollup, with what sampling left out, and, where the range begins and ends within a minute, from the spans.
SELECT
    service_name,
    round(sumIf(spans, is_request)) AS requests,
    round(sumIf(red.errors, is_request)) AS errors,
    quantilesDDMergeIf(0.01, 0.5, 0.95, 0.99)(durations, is_request) AS quantiles
FROM
(
    SELECT service_name, is_request, toFloat64(spans) AS spans, toFloat64(errors) AS errors, durations
    FROM red_minutes
    WHERE minute_ns >= intDiv({from_ns:Int64} + 59999999999, 60000000000) * 60000000000
        AND minute_ns < intDiv({to_ns:Int64}, 60000000000) * 60000000000 AND service_name != ''
    UNION ALL
    SELECT service_name, is_request, spans, errors, arrayReduce('quantilesDDState(0.01, 0.5, 0.95, 0.99)', emptyArrayUInt64()) AS durations
    FROM red_unseen
    WHERE minute_ns >= intDiv({from_ns:Int64} + 59999999999, 60000000000) * 60000000000
        AND minute_ns < intDiv({to_ns:Int64}, 60000000000) * 60000000000 AND service_name != ''
    UNION ALL
    SELECT service_name, kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '' AS is_request, sum($weight$) AS spans,
        sumIf($weight$, status_code = 'ERROR') AS errors, quantilesDDState(0.01, 0.5, 0.95, 0.99)(duration_ns) AS durations
    FROM traces
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND service_name != ''
        AND (timestamp_ns < intDiv({from_ns:Int64} + 59999999999, 60000000000) * 60000000000
            OR timestamp_ns >= intDiv({to_ns:Int64}, 60000000000) * 60000000000)
    GROUP BY service_name, is_request
) AS red
GROUP BY service_name
ORDER BY requests DESC
LIMIT 5000
