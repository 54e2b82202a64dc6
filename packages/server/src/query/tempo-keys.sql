-- Keys of attributes in a range, of spans and of resources.
SELECT 'span' AS scope, arrayJoin(mapKeys(attributes)) AS key
FROM traces WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
GROUP BY key
ORDER BY key
LIMIT {limit:UInt64}
UNION ALL
SELECT 'resource' AS scope, arrayJoin(mapKeys(resource_attributes)) AS key
FROM traces WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
GROUP BY key
ORDER BY key
LIMIT {limit:UInt64}
