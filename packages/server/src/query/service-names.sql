-- Services that sent spans; from the minutes that are summed up already.
SELECT service_name
FROM red_minutes
WHERE minute_ns >= {from_ns:Int64} - 60000000000 AND minute_ns < {to_ns:Int64}
GROUP BY service_name
ORDER BY service_name
LIMIT 10000
