-- How many calls to something a request made.
SELECT
    toStartOfInterval(start_time, INTERVAL {step:UInt64} SECOND) AS time,
    countIf(is_call) / greatest(1, countIf(is_request)) AS calls,
    countIf(is_call AND status_code = 'ERROR') / greatest(1, countIf(is_request)) AS failed
FROM
(
    SELECT own.start_time AS start_time, own.status_code AS status_code,
        own.kind IN ('SERVER', 'CONSUMER') OR own.parent_span_id = '' AS is_request,
        own.kind IN ('CLIENT', 'PRODUCER') AND {target:String} IN (own.operation, own.peer, callee.service_name) AS is_call
    FROM
    (
        SELECT start_time, status_code, kind, operation, parent_span_id, $peer$ AS peer, cityHash64(trace_id, span_id) AS id
        FROM traces
        WHERE service_name = {service:String}
            AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    ) AS own
    ANY LEFT JOIN
    (
        SELECT toString(service_name) AS service_name, cityHash64(trace_id, parent_span_id) AS id
        FROM traces
        WHERE service_name = {target:String} AND kind IN ('SERVER', 'CONSUMER')
            AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} + 60000000000
    ) AS callee
    USING id
)
GROUP BY time
ORDER BY time
