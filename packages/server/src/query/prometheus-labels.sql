-- Which series there are of some metrics, without their points.
SELECT
    name, unit, CAST(type, 'String') AS type, is_monotonic, service_name,
    resource_attributes['service.namespace'] AS namespace,
    coalesce(nullIf(resource_attributes['service.instance.id'], ''), concat(resource_attributes['host.name'], if(resource_attributes['process.pid'] = '', '', ':'), resource_attributes['process.pid'])) AS instance,
    toJSONString(attributes) AS pairs,
    if(type = 'histogram', explicit_bounds, []) AS bounds,
    if(type = 'summary', quantiles, []) AS quantiles
FROM go3s.metrics
WHERE name IN {names:Array(String)} AND timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64}
    AND ({service:String} = '' OR service_name = {service:String})
    AND hasAll(arrayConcat(mapValues(attributes), {always:Array(String)}), {values:Array(String)})
GROUP BY name, unit, type, is_monotonic, service_name, namespace, instance, pairs, bounds, quantiles
LIMIT {most:UInt64}
