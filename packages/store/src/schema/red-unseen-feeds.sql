-- The weight is that of weight.ts. Spans without trace state are no work.
CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.red_unseen_of_span_rows TO go3s.red_unseen AS
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
GROUP BY tenant, service_name, minute_ns, operation, kind, is_request;
