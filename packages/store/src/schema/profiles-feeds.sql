-- As feeds.sql: each has a list of inserted blocks of its own, so a repeated insert adds to each table what it lacks.
CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.profiles_of_received TO go3s.profiles AS
SELECT
    tenant, resource_id, service_name, type, unit, timestamp_ns, duration_ns, value, stack_id, trace_id, span_id, profile_id,
    period_type, period_unit, period, scope_name, scope_version, attributes, resource_attributes, dropped_attributes_count
FROM go3s.profiles_received;

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.stacks_of_received TO go3s.stack_rows AS
SELECT
    tenant, stack_id, frames.function AS functions, frames.file AS files, frames.line AS lines, frames.mapping AS mappings,
    frames.build_id AS build_ids, frames.address AS addresses, frames.frame_type AS frame_types, frames.inlined AS inlined
FROM go3s.profiles_received
WHERE notEmpty(frames)
LIMIT 1 BY tenant, stack_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS go3s.resources_of_profiles TO go3s.resources AS
SELECT tenant, resource_id, anyLast(service_name) AS service_name, anyLast(resource_attributes) AS attributes, min(timestamp_ns) AS first_seen_ns, max(timestamp_ns) AS last_seen_ns
FROM go3s.profiles_received
GROUP BY tenant, resource_id;
