-- Connections from process to process, told by tcp.* events. A connection inside this machine is seen at both ends: the
-- server's end counts only when the client's is not watched (peer.service is empty).
SELECT
    if(role = 'server', peer, service_name) AS source,
    if(role = 'server', service_name, peer) AS target,
    if(role = 'server' OR peer_service = '', 'external', 'process') AS peer_kind,
    role = 'server' AS from_peer,
    countIf(event_name = 'tcp.connect') AS requests,
    countIf(event_name = 'tcp.connect' AND error_type != '') AS errors,
    quantilesIf(0.5, 0.95, 0.99)(connect_ns, event_name = 'tcp.connect' AND connect_ns > 0) AS quantiles,
    sum(bytes_sent) AS sent,
    sum(bytes_received) AS received
FROM
(
    SELECT
        service_name,
        event_name,
        attributes['go3s.tcp.role'] AS role,
        attributes['peer.service'] AS peer_service,
        -- A client's port is a different one each time; a server's says which service it is.
        -- A name that the client asked DNS for says more than its address, as in edges.sql.
        if(peer_service != '', peer_service, concat(
            if(attributes['server.address'] != '', attributes['server.address'], attributes['network.peer.address']),
            if(role = 'server', '', concat(':', attributes['network.peer.port'])))) AS peer,
        attributes['error.type'] AS error_type,
        toUInt64OrZero(attributes['go3s.tcp.connect_ns']) AS connect_ns,
        toUInt64OrZero(attributes['go3s.tcp.bytes_sent']) AS bytes_sent,
        toUInt64OrZero(attributes['go3s.tcp.bytes_received']) AS bytes_received
    FROM logs
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        AND event_name IN ('tcp.connect', 'tcp.close')
        AND $filter$
)
WHERE service_name != '' AND peer NOT IN ('', ':') AND NOT (role = 'server' AND peer_service != '')
GROUP BY source, target, peer_kind, from_peer
ORDER BY requests DESC
LIMIT 5000
