-- What the newest points say of each metric.
SELECT name, unit, CAST(type, 'String') AS type, is_monotonic, any(description) AS description
FROM go3s.metrics
WHERE timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64}
GROUP BY name, unit, type, is_monotonic
ORDER BY name
