-- What was kept before these tables were made. It begins with nothing, so that it can be repeated; a sum too large for memory goes to disk.
TRUNCATE TABLE go3s.resources;

TRUNCATE TABLE go3s.trace_times;

TRUNCATE TABLE go3s.red_minutes;

INSERT INTO go3s.resources (tenant, resource_id, service_name, attributes, first_seen_ns, last_seen_ns)
SELECT tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_attributes) AS attributes, min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
FROM go3s.traces
GROUP BY tenant, resource_id
SETTINGS insert_deduplicate = 0, max_threads = 1, max_bytes_before_external_group_by = 134217728, max_partitions_per_insert_block = 1000000;

INSERT INTO go3s.resources (tenant, resource_id, service_name, attributes, first_seen_ns, last_seen_ns)
SELECT tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_attributes) AS attributes, min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
FROM go3s.logs
GROUP BY tenant, resource_id
SETTINGS insert_deduplicate = 0, max_threads = 1, max_bytes_before_external_group_by = 134217728, max_partitions_per_insert_block = 1000000;

INSERT INTO go3s.resources (tenant, resource_id, service_name, attributes, first_seen_ns, last_seen_ns)
SELECT tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_attributes) AS attributes, min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
FROM go3s.metrics
GROUP BY tenant, resource_id
SETTINGS insert_deduplicate = 0, max_threads = 1, max_bytes_before_external_group_by = 134217728, max_partitions_per_insert_block = 1000000;

INSERT INTO go3s.trace_times (id, first_slot, last_slot)
SELECT toUInt32(cityHash64(trace_id)) AS id, min(bitShiftRight(timestamp_ns, 30)) AS first_slot, max(bitShiftRight(timestamp_ns, 30)) AS last_slot
FROM go3s.traces
WHERE trace_id != ''
GROUP BY id
SETTINGS insert_deduplicate = 0, max_threads = 1, max_bytes_before_external_group_by = 134217728, max_partitions_per_insert_block = 1000000;

INSERT INTO go3s.trace_times (id, first_slot, last_slot)
SELECT toUInt32(cityHash64(trace_id)) AS id, min(bitShiftRight(timestamp_ns, 30)) AS first_slot, max(bitShiftRight(timestamp_ns, 30)) AS last_slot
FROM go3s.logs
WHERE trace_id != ''
GROUP BY id
SETTINGS insert_deduplicate = 0, max_threads = 1, max_bytes_before_external_group_by = 134217728, max_partitions_per_insert_block = 1000000;

INSERT INTO go3s.red_minutes (tenant, service_name, minute_ns, operation, kind, is_request, spans, errors, last_ns, durations)
SELECT
    tenant, service_name, intDiv(timestamp_ns, 60000000000) * 60000000000 AS minute_ns, operation, kind,
    kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '' AS is_request,
    count() AS spans, countIf(status_code = 'ERROR') AS errors, max(timestamp_ns) AS last_ns,
    quantilesDDState(0.01, 0.5, 0.95, 0.99)(duration_ns) AS durations
FROM go3s.traces
GROUP BY tenant, service_name, minute_ns, operation, kind, is_request
SETTINGS insert_deduplicate = 0, max_threads = 1, max_bytes_before_external_group_by = 134217728, max_partitions_per_insert_block = 1000000;
