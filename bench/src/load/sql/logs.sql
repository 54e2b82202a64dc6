-- A log record within each of the spans, of which a tenth are errors.
SELECT
    'default' AS tenant, cityHash64(svc) AS resource_id, concat('service-', toString(svc)) AS service_name,
    {now_ns:Int64} - 3600000000000 + intDiv(toInt64(t) * 3600000000000, intDiv({rows:Int64}, 4)) + toInt64(k) * 3000000 + 1000000 + toInt64(r1 % 1000000) AS timestamp_ns,
    timestamp_ns AS observed_timestamp_ns, lower(hex(sipHash128(t, {seed:UInt64}))) AS trace_id,
    lower(leftPad(hex(sipHash64(n, {seed:UInt64})), 16, '0')) AS span_id, toUInt32(1) AS flags,
    toUInt8(if(failed, 17, 9)) AS severity_number, level AS severity_text, if(failed, 'ERROR', 'INFO') AS level, '' AS event_name,
    concat(if(failed, 'could not reserve cart ', 'reserved cart '), lower(hex(rand64(4))), ' for user u-', uid, ' after ', toString(r2 % 100000), ' us in attempt ', toString(r1 % 3)) AS body,
    'bench' AS scope_name, '1' AS scope_version, map('thread', toString(r2 % 16), 'cart.items', toString(r1 % 30), 'user.id', concat('u-', uid)) AS attributes,
    map('service.name', service_name, 'service.version', '1.8.3', 'host.name', concat('node-', toString(svc % 8), '.eu-west.example')) AS resource_attributes,
    toUInt32(0) AS dropped_attributes_count
FROM
(
    SELECT
        number AS n, intDiv(number, 4) AS t, number % 4 AS k, rand64(1) AS r1, rand64(2) AS r2, (cityHash64(t) % 5) * 4 + k AS svc,
        toString(rand64(3) % 100000000) AS uid, r1 % 10 = 0 AS failed
    FROM numbers({first:UInt64}, {count:UInt64})
)
