-- In how many traces of each group some span of a service has an attribute's value; values of single traces are left out.
SELECT
    service_name,
    pair.1 AS key,
    pair.2 AS value,
    uniqExactIf(trace_id, group_of = 1) AS bad,
    uniqExactIf(trace_id, group_of = 2) AS rest,
    uniqExactIf(trace_id, group_of = 3) AS baseline
FROM
(
    SELECT
        service_name, trace_id,
        multiIf(trace_id IN {bad:Array(String)}, 1, trace_id IN {rest:Array(String)}, 2, 3) AS group_of,
        arrayDistinct(arrayConcat(
            [('service', toString(service_name)), ('operation', toString(operation))],
            arrayZip(arrayMap(key -> toString(key), mapKeys(attributes)), mapValues(attributes)),
            arrayZip(arrayMap(key -> toString(key), mapKeys(resource_attributes)), mapValues(resource_attributes)))) AS pairs
    FROM traces
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        AND trace_id IN {traces:Array(String)}
    LIMIT 1000 BY trace_id
)
ARRAY JOIN pairs AS pair
WHERE pair.2 != '' AND length(pair.2) <= 200
GROUP BY service_name, key, value
HAVING bad >= 5
ORDER BY bad DESC
LIMIT 5000
