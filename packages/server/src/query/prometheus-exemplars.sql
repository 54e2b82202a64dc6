-- Examples of observations with the traces they come from.
SELECT
    $identity$,
    toJSONString(arrayDistinct(arrayFlatten(groupArray(arrayMap(e -> (toString(e.timestamp_ns), e.value, e.trace_id, e.span_id, e.attributes), exemplars))))) AS examples
FROM go3s.metrics
WHERE name IN {names:Array(String)} AND timestamp_ns > {from_ns:Int64} AND timestamp_ns <= {to_ns:Int64} AND notEmpty(exemplars)
    AND $matched$
GROUP BY name, unit, type, is_monotonic, service_name, namespace, instance, pairs
