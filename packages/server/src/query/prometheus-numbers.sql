-- The points of gauges and sums. `values` are texts that labels are compared with for equality: a row has each of them among its
-- attributes, whatever their keys are called; what passes is compared exactly afterwards.
SELECT
    name, unit, CAST(type, 'String') AS type, is_monotonic, service_name,
    resource_attributes['service.namespace'] AS namespace,
    coalesce(nullIf(resource_attributes['service.instance.id'], ''), concat(resource_attributes['host.name'], if(resource_attributes['process.pid'] = '', '', ':'), resource_attributes['process.pid'])) AS instance,
    toJSONString(attributes) AS pairs,
    temporality = 'DELTA' AS is_delta,
    groupArray(timestamp_ns) AS times,
    groupArray(start_timestamp_ns) AS starts,
    groupArray(bitAnd(flags, 1)) AS stale,
    groupArray(value) AS points
FROM go3s.metrics
WHERE name IN {names:Array(String)} AND type IN ('gauge', 'sum') AND timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64}
    AND ({service:String} = '' OR service_name = {service:String})
    AND hasAll(arrayConcat(mapValues(attributes), {always:Array(String)}), {values:Array(String)})
GROUP BY name, unit, type, is_monotonic, service_name, namespace, instance, pairs, is_delta
