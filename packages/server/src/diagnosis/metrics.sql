-- Gauges and counters of some services per bucket; a counter's increase of each of its series, added up.
SELECT service_name, name, labels, any(unit_of) AS unit, max(counts) AS is_counter, bucket,
    if(is_counter, sum(increase), avg(middle)) AS value
FROM
(
    SELECT
        service_name, name, resource_id,
        arrayStringConcat(arrayMap((key, value) -> concat(toString(key), '=', value), mapKeys(attributes), mapValues(attributes)), ',') AS labels,
        any(unit) AS unit_of,
        max(type = 'sum' AND is_monotonic AND temporality = 'CUMULATIVE') AS counts,
        intDiv(timestamp_ns - {start_ns:Int64}, {step_ns:Int64}) AS bucket,
        max(metrics.value) - min(metrics.value) AS increase,
        avg(metrics.value) AS middle
    FROM metrics
    WHERE service_name IN {services:Array(String)} AND type IN ('gauge', 'sum')
        AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    GROUP BY service_name, name, resource_id, labels, bucket
)
GROUP BY service_name, name, labels, bucket
ORDER BY service_name, name, labels, bucket
LIMIT 100000
