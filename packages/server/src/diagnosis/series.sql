-- The requests asked about per bucket of time.
SELECT
    intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket,
    count() AS requests,
    countIf(status_code = 'ERROR') AS errors,
    quantiles(0.5, 0.95)(duration_ns) AS quantiles
FROM traces
WHERE service_name = {service:String}
    AND ({operation:String} = '' OR operation = {operation:String})
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
GROUP BY bucket
ORDER BY bucket
