-- The commonest values of one key that contain a text, from a sample.
SELECT value, count() AS items
FROM
(
    SELECT $column$ AS value
    FROM logs
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    LIMIT {sample:UInt64}
)
WHERE value != '' AND positionCaseInsensitive(value, {part:String}) > 0
GROUP BY value
ORDER BY items DESC, value
LIMIT {limit:UInt64}
