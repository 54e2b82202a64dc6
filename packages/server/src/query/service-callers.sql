-- Who calls one service: outgoing spans of others that caused an incoming span of it. Durations are the caller's view.
SELECT
    caller.service_name AS source,
    round(sum(caller.weight)) AS requests,
    round(sumIf(caller.weight, caller.status_code = 'ERROR' OR callee.status_code = 'ERROR')) AS errors,
    quantiles(0.5, 0.95, 0.99)(caller.duration_ns) AS quantiles
FROM
(
    SELECT cityHash64(trace_id, span_id) AS id, service_name, status_code, duration_ns, $weight$ AS weight
    FROM traces
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        AND kind IN ('CLIENT', 'PRODUCER') AND service_name != {service:String}
) AS caller
ANY INNER JOIN
(
    SELECT cityHash64(trace_id, parent_span_id) AS id, status_code
    FROM traces
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        AND service_name = {service:String} AND kind IN ('SERVER', 'CONSUMER') AND parent_span_id != ''
) AS callee
USING id
GROUP BY source
ORDER BY requests DESC
LIMIT 500
