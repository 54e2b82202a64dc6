-- When versions of services were seen first and last.
SELECT
    service AS service_name,
    key,
    value,
    toString(min(first_seen)) AS first_ns,
    toString(max(last_seen)) AS last_ns
FROM
(
    SELECT resource_id, any(service_name) AS service, any(attributes) AS own,
        min(first_seen_ns) AS first_seen, max(last_seen_ns) AS last_seen
    FROM resources
    WHERE service_name IN {services:Array(String)}
    GROUP BY resource_id
    HAVING last_seen >= {from_ns:Int64} AND first_seen < {to_ns:Int64}
)
ARRAY JOIN
    ['service.version', 'container.image.tag', 'process.executable.build_id.go', 'process.executable.build_id.gnu'] AS key,
    [own['service.version'], own['container.image.tag'], own['process.executable.build_id.go'], own['process.executable.build_id.gnu']] AS value
WHERE value != ''
GROUP BY service, key, value
ORDER BY service, key, first_ns
LIMIT 1000
