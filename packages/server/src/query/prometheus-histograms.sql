-- The points of histograms and summaries with bounds, flattened: each point has as many counts as there are bounds, and one more where
-- they are buckets.
SELECT
    $identity$,
    temporality = 'DELTA' AS is_delta,
    groupArray(timestamp_ns) AS times,
    groupArray(start_timestamp_ns) AS starts,
    groupArray(bitAnd(flags, 1)) AS stale,
    groupArray(count) AS counts,
    groupArray(sum) AS sums,
    if(type = 'histogram', explicit_bounds, quantiles) AS bounds,
    arrayFlatten(groupArray(if(type = 'histogram', arrayMap(x -> toFloat64(x), bucket_counts), quantile_values))) AS buckets
FROM go3s.metrics
WHERE name IN {names:Array(String)} AND type IN ('histogram', 'summary') AND timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64}
    AND $matched$
GROUP BY name, unit, type, is_monotonic, service_name, namespace, instance, pairs, is_delta, bounds, length(bucket_counts)
