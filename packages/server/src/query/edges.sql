-- Calls from service to service: outgoing spans with the incoming span they caused, where that is here; where it is not,
-- the other end is named by the semantic conventions' attributes. Durations and counts are the caller's view. `service` is the
-- caller, or empty for all. Of a million spans' time, two thirds go into reading the attributes, the rest into the join.
SELECT
    caller.service_name AS source,
    multiIf(
        callee.service_name != '', 'service',
        caller.db != '', 'database',
        caller.messaging != '', 'messaging',
        'external') AS target_kind,
    multiIf(
        callee.service_name != '', callee.service_name,
        caller.db != '', concat(caller.db, if(caller.peer = '', '', concat(' ', caller.peer))),
        caller.messaging != '', concat(caller.messaging, if(caller.peer = '', '', concat(' ', caller.peer))),
        caller.peer_service != '', caller.peer_service,
        caller.peer) AS target,
    round(sum(caller.weight)) AS requests,
    round(sumIf(caller.weight, caller.status_code = 'ERROR' OR callee.status_code = 'ERROR')) AS errors,
    quantiles(0.5, 0.95, 0.99)(caller.duration_ns) AS quantiles
FROM
(
    SELECT
        cityHash64(trace_id, span_id) AS id, service_name, status_code, duration_ns, $weight$ AS weight,
        if(attributes['db.system.name'] != '', attributes['db.system.name'], attributes['db.system']) AS db,
        attributes['messaging.system'] AS messaging,
        attributes['peer.service'] AS peer_service,
        if(attributes['server.address'] != '',
            concat(attributes['server.address'], if(attributes['server.port'] = '', '', concat(':', attributes['server.port']))),
            attributes['network.peer.address']) AS peer
    FROM traces
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        AND kind IN ('CLIENT', 'PRODUCER')
        AND ({service:String} = '' OR service_name = {service:String})
        AND $filter$
) AS caller
ANY LEFT JOIN
(
    -- A hash of both ids joins four times faster than the ids; among ten million spans two share one once in 400,000 times.
    SELECT cityHash64(trace_id, parent_span_id) AS id, service_name, status_code
    FROM traces
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        AND kind IN ('SERVER', 'CONSUMER') AND parent_span_id != ''
) AS callee
USING id
GROUP BY source, target_kind, target
HAVING target != ''
ORDER BY requests DESC
LIMIT 5000
