-- Processes that sent spans, by the time that was spent in them.
SELECT
    service_name,
    resource_attributes['process.pid'] AS pid,
    resource_attributes['host.name'] AS host,
    round(sum($weight$)) AS requests,
    toFloat64(sum(duration_ns)) AS busy_ns
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND $filter$
    AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
GROUP BY service_name, pid, host
ORDER BY busy_ns DESC
LIMIT {limit:UInt64}
