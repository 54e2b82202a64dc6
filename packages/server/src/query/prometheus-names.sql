-- What metrics there are within a range.
SELECT name, unit, CAST(type, 'String') AS type, is_monotonic
FROM go3s.metrics
WHERE timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64}
GROUP BY name, unit, type, is_monotonic
ORDER BY name
