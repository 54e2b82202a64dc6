-- Spans with fresh random values: four to a trace, twenty services, twenty operations, ten attributes; evenly over the hour before `now_ns`.
SELECT
    'default' AS tenant, cityHash64(svc) AS resource_id, concat('service-', toString(svc)) AS service_name,
    lower(hex(sipHash128(t, {seed:UInt64}))) AS trace_id,
    lower(leftPad(hex(sipHash64(n, {seed:UInt64})), 16, '0')) AS span_id,
    if(k = 0, '', lower(leftPad(hex(sipHash64(n - 1, {seed:UInt64})), 16, '0'))) AS parent_span_id,
    '' AS trace_state, toUInt32(257) AS flags, concat('GET /api/v1/things/{id}/', toString(route)) AS operation,
    toInt8(2 + k % 2) AS kind, toInt8(failed * 2) AS status_code, if(failed, 'upstream failed', '') AS status_message,
    {now_ns:Int64} - 3600000000000 + intDiv(toInt64(t) * 3600000000000, intDiv({rows:Int64}, 4)) + toInt64(k) * 3000000 + toInt64(r1 % 1000000) AS timestamp_ns,
    toUInt64(exp(13 + (intDiv(r2, 1048576) / 17592186044416) * 8)) AS duration_ns, 'bench' AS scope_name, '1' AS scope_version,
    map(
        'http.request.method', if(r1 % 7 = 0, 'POST', 'GET'), 'url.path', concat('/api/v1/things/', uid, '/details'),
        'http.route', concat('/api/v1/things/{id}/', toString(route)), 'http.response.status_code', if(failed, '500', '200'),
        'server.address', 'things.internal.example', 'client.address', concat('10.0.', toString(r1 % 16), '.', toString(r1 % 200)),
        'user.id', concat('u-', uid), 'cart.items', toString(r1 % 30), 'region', 'eu-west-1', 'build', '2026-11-20T10:00:00Z+4f2a9c') AS attributes,
    map('service.name', service_name, 'service.version', '1.8.3', 'host.name', concat('node-', toString(svc % 8), '.eu-west.example')) AS resource_attributes,
    CAST([], 'Array(Tuple(timestamp_ns Int64, name String, attributes Map(String, String)))') AS events,
    CAST([], 'Array(Tuple(trace_id String, span_id String, trace_state String, attributes Map(String, String)))') AS links,
    toUInt32(0) AS dropped_attributes_count, toUInt32(0) AS dropped_events_count, toUInt32(0) AS dropped_links_count
FROM
(
    SELECT
        number AS n, intDiv(number, 4) AS t, number % 4 AS k, rand64(1) AS r1, rand64(2) AS r2, (cityHash64(t) % 5) * 4 + k AS svc,
        r2 % 20 AS route, toString(rand64(3) % 100000000) AS uid, r1 % 50 = 0 AS failed
    FROM numbers({first:UInt64}, {count:UInt64})
)
