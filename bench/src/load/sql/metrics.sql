-- Points of a gauge and a sum by service.
SELECT
    'default' AS tenant, cityHash64(number % 20) AS resource_id, concat('service-', toString(number % 20)) AS service_name,
    {now_ns:Int64} - 3600000000000 + intDiv(toInt64(number) * 3600000000000, {rows:Int64}) AS timestamp_ns, toInt64(0) AS start_timestamp_ns,
    if(intDiv(number, 20) % 2 = 0, 'queue.length', 'requests') AS name, '' AS description, '1' AS unit, toInt8(1 + intDiv(number, 20) % 2) AS type,
    toFloat64(rand(1) % 1000) AS value, toUInt8(type = 2) AS is_monotonic, toInt8(0) AS temporality, toUInt32(0) AS flags,
    map('shard', toString(rand(2) % 8)) AS attributes, map('service.name', service_name) AS resource_attributes, 'bench' AS scope_name, '1' AS scope_version,
    toUInt64(0) AS count, toFloat64(0) AS sum, toFloat64(0) AS min, toFloat64(0) AS max, CAST([], 'Array(UInt64)') AS bucket_counts,
    CAST([], 'Array(Float64)') AS explicit_bounds, toInt32(0) AS scale, toUInt64(0) AS zero_count, toFloat64(0) AS zero_threshold,
    toInt32(0) AS positive_offset, CAST([], 'Array(UInt64)') AS positive_bucket_counts, toInt32(0) AS negative_offset,
    CAST([], 'Array(UInt64)') AS negative_bucket_counts, CAST([], 'Array(Float64)') AS quantiles, CAST([], 'Array(Float64)') AS quantile_values,
    CAST([], 'Array(Tuple(timestamp_ns Int64, value Float64, trace_id String, span_id String, attributes Map(String, String)))') AS exemplars
FROM numbers({first:UInt64}, {count:UInt64})
