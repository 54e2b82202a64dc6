-- Which series there are of some metrics, without their points.
SELECT
    $identity$,
    if(type = 'histogram', explicit_bounds, []) AS bounds,
    if(type = 'summary', quantiles, []) AS quantiles
FROM go3s.metrics
WHERE name IN {names:Array(String)} AND timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64}
    AND $matched$
GROUP BY name, unit, type, is_monotonic, service_name, namespace, instance, pairs, bounds, quantiles
LIMIT {most:UInt64}
