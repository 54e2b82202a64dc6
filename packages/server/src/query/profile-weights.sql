SELECT
    tenant, stack_id,
    sumIf(value, timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND ({version:String} = '' OR resource_attributes['service.version'] = {version:String})) AS now,
    sumIf(value, timestamp_ns >= {base_from_ns:Int64} AND timestamp_ns < {base_to_ns:Int64} AND ({base_version:String} = '' OR resource_attributes['service.version'] = {base_version:String})) AS base,
    countIf(timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND ({version:String} = '' OR resource_attributes['service.version'] = {version:String})) AS samples
FROM profiles
WHERE (timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        OR timestamp_ns >= {base_from_ns:Int64} AND timestamp_ns < {base_to_ns:Int64})
    AND ({service:String} = '' OR service_name = {service:String})
    AND type = {type:String}
    AND ({unit:String} = '' OR unit = {unit:String})
    AND ({trace:String} = '' OR trace_id = {trace:String})
    AND ({span:String} = '' OR span_id = {span:String})
    AND ({operation:String} = '' OR span_id IN (
        SELECT span_id
        FROM traces
        WHERE operation = {operation:String}
            AND ({service:String} = '' OR service_name = {service:String})
            -- A span that was sampled began at most an hour before.
            AND timestamp_ns >= least({from_ns:Int64}, if({base_to_ns:Int64} = 0, {from_ns:Int64}, {base_from_ns:Int64})) - 3600000000000
            AND timestamp_ns < greatest({to_ns:Int64}, {base_to_ns:Int64})))
GROUP BY tenant, stack_id
HAVING samples > 0 OR base != 0
