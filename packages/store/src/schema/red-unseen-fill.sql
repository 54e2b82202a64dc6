-- What was kept before this table was made; it begins with nothing, so that it can be repeated.
TRUNCATE TABLE go3s.red_unseen;

INSERT INTO go3s.red_unseen (tenant, service_name, minute_ns, operation, kind, is_request, spans, errors)
SELECT tenant, service_name, minute_ns, operation, kind, is_request, sum(weight - 1) AS spans, sumIf(weight - 1, is_error) AS errors
FROM
(
    SELECT
        tenant, service_name, intDiv(timestamp_ns, 60000000000) * 60000000000 AS minute_ns, operation, kind,
        kind IN ('SERVER', 'CONSUMER') OR parent = '' AS is_request, status_code = 'ERROR' AS is_error,
        toFloat64(if(trace_state = '', 1, 72057594037927936 / (72057594037927936 - reinterpretAsUInt64(reverse(unhex(rightPad(extract(toLowCardinality(trace_state), '(?:^|,)[ \\t]*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,]|$)'), 14, '0'))))))) AS weight
    FROM go3s.span_rows
    WHERE trace_state != ''
)
WHERE weight > 1
GROUP BY tenant, service_name, minute_ns, operation, kind, is_request
SETTINGS insert_deduplicate = 0, max_threads = 1, max_bytes_before_external_group_by = 134217728, max_partitions_per_insert_block = 1000000;
