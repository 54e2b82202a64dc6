-- Attributes seen on spans and their resources, the commonest first, from a sample.
SELECT source, key, sum(items) AS items, min(numeric) AS numeric
FROM
(
    SELECT pair.1 AS source, pair.2 AS key, count() AS items, min(pair.3) AS numeric
    FROM
    (
        SELECT attributes, resource_attributes
        FROM traces
        WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        LIMIT {sample:UInt64}
    )
    ARRAY JOIN arrayConcat(
        arrayMap((key, value) -> ('attribute', toString(key), isNotNull(toFloat64OrNull(value))), mapKeys(attributes), mapValues(attributes)),
        arrayMap((key, value) -> ('resource', toString(key), isNotNull(toFloat64OrNull(value))), mapKeys(resource_attributes), mapValues(resource_attributes))) AS pair
    GROUP BY source, key
)
GROUP BY source, key
ORDER BY items DESC, key
LIMIT 1000
