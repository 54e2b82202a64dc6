-- What is there: services, types and units of samples, the most first.
SELECT service_name, type, unit, count() AS samples, sum(value) AS value, toString(max(timestamp_ns)) AS last_ns
FROM profiles
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND ({service:String} = '' OR service_name = {service:String})
GROUP BY service_name, type, unit
ORDER BY samples DESC, service_name, type, unit
LIMIT {limit:UInt64}
