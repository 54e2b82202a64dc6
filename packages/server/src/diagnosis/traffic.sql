-- Requests of two times by their operation and by who called; a root was called by nobody who is watched.
SELECT
    key,
    value,
    countIf(at >= {affected_from_ns:Int64} AND at < {affected_to_ns:Int64}) AS affected,
    countIf(at >= {baseline_from_ns:Int64} AND at < {baseline_to_ns:Int64}) AS baseline
FROM
(
    SELECT own.at AS at, own.operation AS operation, if(caller.service_name = '', if(own.parent = 0, 'nobody watched', 'unknown'), caller.service_name) AS caller
    FROM
    (
        SELECT timestamp_ns AS at, toString(operation) AS operation, if(parent_span_id = '', 0, cityHash64(trace_id, parent_span_id)) AS parent
        FROM traces
        WHERE service_name = {service:String}
            AND ({operation:String} = '' OR operation = {operation:String})
            AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
            AND (kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
    ) AS own
    ANY LEFT JOIN
    (
        SELECT cityHash64(trace_id, span_id) AS parent, toString(service_name) AS service_name
        FROM traces
        WHERE timestamp_ns >= {from_ns:Int64} - 60000000000 AND timestamp_ns < {to_ns:Int64}
            AND kind IN ('CLIENT', 'PRODUCER')
    ) AS caller
    USING parent
)
ARRAY JOIN ['operation', 'caller'] AS key, [operation, caller] AS value
GROUP BY key, value
ORDER BY affected + baseline DESC
LIMIT 200
