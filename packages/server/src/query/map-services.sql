-- Requests of every service with spans in the range.
SELECT
    service_name,
    round(sumIf($weight$, kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')) AS requests,
    round(sumIf($weight$, status_code = 'ERROR' AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = ''))) AS errors,
    quantilesIf(0.5, 0.95, 0.99)(duration_ns, kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '') AS quantiles
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND service_name != '' AND $filter$
GROUP BY service_name
ORDER BY requests DESC
LIMIT 5000
