-- Examples of observations with the traces they come from.
SELECT
    name, unit, CAST(type, 'String') AS type, is_monotonic, service_name,
    resource_attributes['service.namespace'] AS namespace,
    coalesce(nullIf(resource_attributes['service.instance.id'], ''), concat(resource_attributes['host.name'], if(resource_attributes['process.pid'] = '', '', ':'), resource_attributes['process.pid'])) AS instance,
    toJSONString(attributes) AS pairs,
    toJSONString(arrayDistinct(arrayFlatten(groupArray(arrayMap(e -> (toString(e.timestamp_ns), e.value, e.trace_id, e.span_id, e.attributes), exemplars))))) AS examples
FROM go3s.metrics
WHERE name IN {names:Array(String)} AND timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64} AND notEmpty(exemplars)
    AND ({service:String} = '' OR service_name = {service:String})
    AND hasAll(arrayConcat(mapValues(attributes), {always:Array(String)}), {values:Array(String)})
GROUP BY name, unit, type, is_monotonic, service_name, namespace, instance, pairs
