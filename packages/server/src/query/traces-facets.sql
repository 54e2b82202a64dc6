-- The commonest values of keys among matching spans, beside all spans of the range, from the newest million.
SELECT
    pair.1 AS key,
    pair.2 AS value,
    countIf(matches) AS matching,
    count() AS everywhere,
    any(matching_rows) AS matching_total,
    any(all_rows) AS all_total
FROM
(
    SELECT
        matches,
        sum(matches) OVER () AS matching_rows,
        count() OVER () AS all_rows,
        arrayConcat(
            [('service', toString(service_name)), ('operation', toString(operation)), ('status', lower(toString(status_code))), ('kind', lower(toString(kind)))],
            arrayZip(arrayMap(key -> toString(key), mapKeys(attributes)), mapValues(attributes)),
            arrayZip(arrayMap(key -> toString(key), mapKeys(resource_attributes)), mapValues(resource_attributes))) AS pairs
    FROM
    (
        SELECT toUInt8($filter$) AS matches, service_name, operation, status_code, kind, attributes, resource_attributes
        FROM traces
        WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        LIMIT {sample:UInt64}
    )
)
ARRAY JOIN pairs AS pair
GROUP BY key, value
HAVING matching > 0
ORDER BY matching DESC, key, value
LIMIT {values:UInt64} BY key
LIMIT 2000
