-- The points of exponential histograms, their buckets brought to one scale, so that each bucket is a series: bucket i of scale s is bucket
-- i >> (s - t) of scale t. `scale_max` bounds how many there are: at 3 a bound is 9 % above the one before.
SELECT
    $identity$,
    temporality = 'DELTA' AS is_delta,
    groupArray(timestamp_ns) AS times,
    groupArray(start_timestamp_ns) AS starts,
    groupArray(bitAnd(flags, 1)) AS stale,
    groupArray(count) AS counts,
    groupArray(sum) AS sums,
    min(least({scale_max:Int32}, scale)) AS common_scale,
    groupArray(scale) AS scales,
    groupArray(zero_count) AS zeros,
    groupArray(positive_offset) AS positive_offsets,
    groupArray(length(positive_bucket_counts)) AS positive_lengths,
    arrayFlatten(groupArray(positive_bucket_counts)) AS positive_counts,
    groupArray(negative_offset) AS negative_offsets,
    groupArray(length(negative_bucket_counts)) AS negative_lengths,
    arrayFlatten(groupArray(negative_bucket_counts)) AS negative_counts
FROM go3s.metrics
WHERE name IN {names:Array(String)} AND type = 'exponential_histogram' AND timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64}
    AND $matched$
GROUP BY name, unit, type, is_monotonic, service_name, namespace, instance, pairs, is_delta
