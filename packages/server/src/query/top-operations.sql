-- Operations of all services by the time that was spent in them, with requests by piece of time.
SELECT
    service_name,
    operation,
    CAST(kind, 'String') AS kind,
    round(sum($weight$)) AS requests,
    round(sumIf($weight$, status_code = 'ERROR')) AS errors,
    quantiles(0.5, 0.95, 0.99)(duration_ns) AS quantiles,
    toFloat64(sum(duration_ns)) AS busy_ns,
    sumMap(map(toUInt32(intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64})), toUInt64(1))) AS pieces
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND $filter$
GROUP BY service_name, operation, kind
ORDER BY busy_ns DESC
LIMIT {limit:UInt64}
