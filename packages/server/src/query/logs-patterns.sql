-- Forms of matching log lines, ids and numbers taken out: how many, since when, over time, and how many came in as long a time before.
SELECT
    template,
    any(line) AS example,
    any(lev) AS level,
    arraySort(groupUniqArray(5)(service)) AS services,
    countIf(at >= {from_ns:Int64}) AS items,
    countIf(at < {from_ns:Int64}) AS before,
    toString(minIf(at, at >= {from_ns:Int64})) AS first_ns,
    toString(max(at)) AS last_ns,
    sumMapIf([toInt32(intDiv(at - {start_ns:Int64}, {step_ns:Int64}))], [toUInt64(1)], at >= {from_ns:Int64}) AS series,
    sum(items) OVER () AS total
FROM
(
    SELECT timestamp_ns AS at, toString(service_name) AS service, toString(level) AS lev, substring(body, 1, 300) AS line,
        $form$ AS template
    FROM logs
    WHERE timestamp_ns >= 2 * {from_ns:Int64} - {to_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND body != '' AND $filter$
    LIMIT 2000000
)
GROUP BY template
HAVING items > 0
ORDER BY items DESC
LIMIT {limit:UInt64}
