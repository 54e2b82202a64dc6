-- Values of a field in a range, the commonest first.
SELECT $value$ AS value
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND ($filter$)
GROUP BY value
HAVING value != ''
ORDER BY count() DESC, value
LIMIT {limit:UInt64}
