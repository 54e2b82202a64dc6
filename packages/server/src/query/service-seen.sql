-- When a service was last seen, in either table that tells of services.
SELECT toString(max(at)) AS last_ns, count() AS known
FROM
(
    SELECT max(timestamp_ns) AS at FROM traces WHERE service_name = {service:String} HAVING count() > 0
    UNION ALL
    SELECT max(timestamp_ns) AS at FROM logs WHERE service_name = {service:String} HAVING count() > 0
)
