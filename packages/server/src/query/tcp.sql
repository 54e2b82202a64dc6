-- Connections as they were opened, failed and closed, newest first.
SELECT
    toString(timestamp_ns) AS at_ns,
    event_name,
    service_name,
    toUInt32OrZero(if(attributes['process.pid'] != '', attributes['process.pid'], resource_attributes['process.pid'])) AS pid,
    attributes['go3s.tcp.role'] AS role,
    attributes['network.type'] AS network_type,
    attributes['network.local.address'] AS local_address,
    attributes['network.local.port'] AS local_port,
    attributes['network.peer.address'] AS peer_address,
    attributes['network.peer.port'] AS peer_port,
    attributes['peer.service'] AS peer_service,
    toFloat64OrNull(attributes['go3s.tcp.connect_ns']) AS connect_ns,
    toFloat64OrNull(attributes['go3s.tcp.duration_ns']) AS duration_ns,
    toFloat64OrNull(attributes['go3s.tcp.bytes_sent']) AS bytes_sent,
    toFloat64OrNull(attributes['go3s.tcp.bytes_received']) AS bytes_received,
    attributes['error.type'] AS error_type
FROM logs
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND event_name IN ('tcp.connect', 'tcp.close')
    AND $filter$
ORDER BY timestamp_ns DESC
LIMIT {limit:UInt64}
