-- Messages from service to service that no trace joins: who sent a batch and who took it were told by agents of two machines (docs/protocols.md, Messages).
-- `service` is the sender, `taker` who took them, each empty for all. Durations and counts are the sender's view.
SELECT
    sender.service_name AS source,
    'service' AS target_kind,
    taken.service_name AS target,
    round(sum(sender.weight)) AS requests,
    round(sumIf(sender.weight, sender.status_code = 'ERROR' OR taken.failed)) AS errors,
    quantiles(0.5, 0.95, 0.99)(sender.duration_ns) AS quantiles
FROM
(
    SELECT
        service_name, status_code, duration_ns, $weight$ AS weight,
        arrayJoin(JSONExtract(attributes['go3s.kafka.batch'], 'Array(String)')) AS batch
    FROM traces
    WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
        AND kind IN ('CLIENT', 'PRODUCER') AND match(operation, '^send( |$)')
        AND ({service:String} = '' OR service_name = {service:String})
        AND attributes['go3s.kafka.batch'] != ''
        AND $filter$
) AS sender
INNER JOIN
(
    SELECT batch, service_name, max(status_code = 'ERROR') AS failed
    FROM
    (
        SELECT service_name, status_code, arrayJoin(JSONExtract(attributes['go3s.kafka.batch'], 'Array(String)')) AS batch
        FROM traces
        WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
            AND kind IN ('CLIENT', 'CONSUMER') AND match(operation, '^(poll|process)( |$)')
            AND ({taker:String} = '' OR service_name = {taker:String})
            AND attributes['go3s.kafka.batch'] != ''
    )
    GROUP BY batch, service_name
) AS taken
USING batch
WHERE sender.service_name != taken.service_name
GROUP BY source, target
ORDER BY requests DESC
LIMIT 5000
