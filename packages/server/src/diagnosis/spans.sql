-- All spans of some traces; what a client span calls by its attributes, and what its goroutine spent its time with.
SELECT
    trace_id, span_id, parent_span_id, service_name, operation,
    CAST(kind, 'String') AS kind,
    status_code = 'ERROR' AS failed,
    if(status_code = 'ERROR', if(status_message != '', substring(status_message, 1, 200),
        if(attributes['error.type'] != '', attributes['error.type'], attributes['http.response.status_code'])), '') AS message,
    timestamp_ns - {from_ns:Int64} AS offset_ns,
    duration_ns,
    if(kind IN ('CLIENT', 'PRODUCER'), $peer$, '') AS peer,
    if(attributes['go3s.goroutine.running_ns'] = '', [],
        arrayMap(state -> toInt64OrZero(attributes[concat('go3s.goroutine.', state, '_ns')]),
            ['running', 'runnable', 'syscall', 'lock', 'channel', 'network', 'gc', 'sleep'])) AS waits
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND trace_id IN {traces:Array(String)}
ORDER BY trace_id, timestamp_ns
LIMIT 1000 BY trace_id
LIMIT {limit:UInt64}
