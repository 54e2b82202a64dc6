-- The points of gauges and sums.
SELECT
    $identity$,
    temporality = 'DELTA' AS is_delta,
    groupArray(timestamp_ns) AS times,
    groupArray(start_timestamp_ns) AS starts,
    groupArray(bitAnd(flags, 1)) AS stale,
    groupArray(value) AS points
FROM go3s.metrics
WHERE name IN {names:Array(String)} AND type IN ('gauge', 'sum') AND timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64}
    AND $matched$
GROUP BY name, unit, type, is_monotonic, service_name, namespace, instance, pairs, is_delta
