-- Each insert feeds these tables too, as one: engine/insert.sql has a repeated insert fill in what the first one did not reach.
-- A resource's attributes are taken apart once for all of its rows. Rows of trace_times become one per trace within the insert, as the
-- table's order has it: to group them before costs more.
CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.resources_of_span_rows TO go3s.resources AS
SELECT
    tenant, resource_id, service_name,
    mapFromArrays(arrayPopBack(splitByChar('\xFF', keys)), arrayPopBack(splitByChar('\xFF', values))) AS attributes, first_seen_ns, last_seen_ns
FROM
(
    SELECT
        tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_keys) AS keys, anyLast(resource_values) AS values,
        min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
    FROM go3s.span_rows
    GROUP BY tenant, resource_id
);

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.resources_of_log_rows TO go3s.resources AS
SELECT
    tenant, resource_id, service_name,
    mapFromArrays(arrayPopBack(splitByChar('\xFF', keys)), arrayPopBack(splitByChar('\xFF', values))) AS attributes, first_seen_ns, last_seen_ns
FROM
(
    SELECT
        tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_keys) AS keys, anyLast(resource_values) AS values,
        min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
    FROM go3s.log_rows
    GROUP BY tenant, resource_id
);

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.resources_of_metric_rows TO go3s.resources AS
SELECT
    tenant, resource_id, service_name,
    mapFromArrays(arrayPopBack(splitByChar('\xFF', keys)), arrayPopBack(splitByChar('\xFF', values))) AS attributes, first_seen_ns, last_seen_ns
FROM
(
    SELECT
        tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_keys) AS keys, anyLast(resource_values) AS values,
        min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
    FROM go3s.metric_rows
    GROUP BY tenant, resource_id
);

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.trace_times_of_span_rows TO go3s.trace_times AS
SELECT toUInt32(cityHash64(lower(hex(trace)))) AS id, bitShiftRight(timestamp_ns, 30) AS first_slot, first_slot AS last_slot
FROM go3s.span_rows;

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.trace_times_of_log_rows TO go3s.trace_times AS
SELECT toUInt32(cityHash64(lower(hex(trace)))) AS id, bitShiftRight(timestamp_ns, 30) AS first_slot, first_slot AS last_slot
FROM go3s.log_rows
WHERE trace != '';

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.red_minutes_of_span_rows TO go3s.red_minutes AS
SELECT
    tenant, service_name, intDiv(timestamp_ns, 60000000000) * 60000000000 AS minute_ns, operation, kind,
    kind IN ('SERVER', 'CONSUMER') OR parent = '' AS is_request,
    count() AS spans, countIf(status_code = 'ERROR') AS errors, max(timestamp_ns) AS last_ns,
    quantilesDDState(0.01, 0.5, 0.95, 0.99)(duration_ns) AS durations
FROM go3s.span_rows
GROUP BY tenant, service_name, minute_ns, operation, kind, is_request;
