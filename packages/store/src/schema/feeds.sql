-- Each insert feeds these tables too, as one: engine/insert.sql has a repeated insert fill in what the first one did not reach.
CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.resources_of_traces TO go3s.resources AS
SELECT tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_attributes) AS attributes, min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
FROM go3s.traces
GROUP BY tenant, resource_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.resources_of_logs TO go3s.resources AS
SELECT tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_attributes) AS attributes, min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
FROM go3s.logs
GROUP BY tenant, resource_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.resources_of_metrics TO go3s.resources AS
SELECT tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_attributes) AS attributes, min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
FROM go3s.metrics
GROUP BY tenant, resource_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.trace_times_of_traces TO go3s.trace_times AS
SELECT toUInt32(cityHash64(trace_id)) AS id, min(bitShiftRight(timestamp_ns, 30)) AS first_slot, max(bitShiftRight(timestamp_ns, 30)) AS last_slot
FROM go3s.traces
WHERE trace_id != ''
GROUP BY id;

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.trace_times_of_logs TO go3s.trace_times AS
SELECT toUInt32(cityHash64(trace_id)) AS id, min(bitShiftRight(timestamp_ns, 30)) AS first_slot, max(bitShiftRight(timestamp_ns, 30)) AS last_slot
FROM go3s.logs
WHERE trace_id != ''
GROUP BY id;

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.red_minutes_of_traces TO go3s.red_minutes AS
SELECT
    tenant, service_name, intDiv(timestamp_ns, 60000000000) * 60000000000 AS minute_ns, operation, kind,
    kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '' AS is_request,
    count() AS spans, countIf(status_code = 'ERROR') AS errors, max(timestamp_ns) AS last_ns,
    quantilesDDState(0.01, 0.5, 0.95, 0.99)(duration_ns) AS durations
FROM go3s.traces
GROUP BY tenant, service_name, minute_ns, operation, kind, is_request;
