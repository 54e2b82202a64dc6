-- Forms of log lines, ids and numbers taken out, and how many came in each of two times.
SELECT
    service_name,
    toString(level) AS level,
    $form$ AS template,
    any(substring(body, 1, 300)) AS example,
    countIf(timestamp_ns >= {affected_from_ns:Int64} AND timestamp_ns < {affected_to_ns:Int64}) AS affected,
    countIf(timestamp_ns >= {baseline_from_ns:Int64} AND timestamp_ns < {baseline_to_ns:Int64}) AS baseline,
    toString(min(timestamp_ns)) AS first_ns
FROM
(
    SELECT service_name, level, body, timestamp_ns
    FROM logs
    WHERE service_name IN {services:Array(String)} AND body != ''
        AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    LIMIT 1000000
)
GROUP BY service_name, level, template
HAVING affected > 0
ORDER BY affected DESC
LIMIT 2000
