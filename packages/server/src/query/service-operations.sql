-- All spans of one service by operation and kind, the busiest first.
SELECT
    operation,
    kind,
    round(sum($weight$)) AS requests,
    round(sumIf($weight$, status_code = 'ERROR')) AS errors,
    quantiles(0.5, 0.95, 0.99)(duration_ns) AS quantiles
FROM traces
WHERE service_name = {service:String}
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND $filter$
GROUP BY operation, kind
ORDER BY requests DESC, operation, kind
LIMIT 500
