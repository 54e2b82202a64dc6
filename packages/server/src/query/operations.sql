-- Names of spans, by service and kind; from the minutes that are summed up already.
SELECT operation, CAST(kind, 'String') AS kind
FROM red_minutes
WHERE minute_ns >= {from_ns:Int64} - 60000000000 AND minute_ns < {to_ns:Int64}
    AND ({service:String} = '' OR service_name = {service:String})
    AND ({kind:String} = '' OR kind = {kind:String})
GROUP BY operation, kind
ORDER BY operation
LIMIT 10000
