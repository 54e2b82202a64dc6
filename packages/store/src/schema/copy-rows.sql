-- Rows that an earlier release kept, as rows.sql has them. Ids were written by it as hexadecimal digits; a byte 255, which is no UTF-8,
-- becomes U+FFFD. It begins with nothing, so that it can be repeated.
TRUNCATE TABLE go3s.span_rows;

INSERT INTO go3s.span_rows (tenant, resource_id, service_name, trace, span, parent, trace_state, flags, operation, kind, status_code, status_message, timestamp_ns, duration_ns, scope_name, scope_version, attribute_keys, attribute_values, resource_keys, resource_values, events, links, dropped_attributes_count, dropped_events_count, dropped_links_count, received_at)
SELECT
    tenant,
    resource_id,
    service_name,
    toFixedString(substring(unhex(trace_id), 1, 16), 16) AS trace,
    toFixedString(substring(unhex(span_id), 1, 8), 8) AS span,
    unhex(parent_span_id) AS parent,
    trace_state,
    flags,
    operation,
    kind,
    status_code,
    status_message,
    timestamp_ns,
    duration_ns,
    scope_name,
    scope_version,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapKeys(attributes))) AS attribute_keys,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapValues(attributes))) AS attribute_values,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapKeys(resource_attributes))) AS resource_keys,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapValues(resource_attributes))) AS resource_values,
    events,
    links,
    dropped_attributes_count,
    dropped_events_count,
    dropped_links_count,
    received_at
FROM go3s.traces
SETTINGS insert_deduplicate = 0, max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 262144, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 1000000;

TRUNCATE TABLE go3s.log_rows;

INSERT INTO go3s.log_rows (tenant, resource_id, service_name, timestamp_ns, observed_after_ns, trace, span, flags, severity_number, severity_text, level, event_name, body, scope_name, scope_version, attribute_keys, attribute_values, resource_keys, resource_values, dropped_attributes_count, received_at)
SELECT
    tenant,
    resource_id,
    service_name,
    timestamp_ns,
    observed_timestamp_ns - timestamp_ns AS observed_after_ns,
    unhex(trace_id) AS trace,
    unhex(span_id) AS span,
    flags,
    severity_number,
    severity_text,
    level,
    event_name,
    body,
    scope_name,
    scope_version,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapKeys(attributes))) AS attribute_keys,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapValues(attributes))) AS attribute_values,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapKeys(resource_attributes))) AS resource_keys,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapValues(resource_attributes))) AS resource_values,
    dropped_attributes_count,
    received_at
FROM go3s.logs
SETTINGS insert_deduplicate = 0, max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 262144, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 1000000;

TRUNCATE TABLE go3s.metric_rows;

INSERT INTO go3s.metric_rows (tenant, resource_id, service_name, timestamp_ns, start_timestamp_ns, name, description, unit, type, value, is_monotonic, temporality, flags, attribute_keys, attribute_values, resource_keys, resource_values, scope_name, scope_version, count, sum, min, max, bucket_counts, explicit_bounds, scale, zero_count, zero_threshold, positive_offset, positive_bucket_counts, negative_offset, negative_bucket_counts, quantiles, quantile_values, exemplars, received_at)
SELECT
    tenant,
    resource_id,
    service_name,
    timestamp_ns,
    start_timestamp_ns,
    name,
    description,
    unit,
    type,
    value,
    is_monotonic,
    temporality,
    flags,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapKeys(attributes))) AS attribute_keys,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapValues(attributes))) AS attribute_values,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapKeys(resource_attributes))) AS resource_keys,
    arrayStringConcat(arrayMap(text -> concat(replaceAll(toString(text), '\xFF', '\xEF\xBF\xBD'), '\xFF'), mapValues(resource_attributes))) AS resource_values,
    scope_name,
    scope_version,
    count,
    sum,
    min,
    max,
    bucket_counts,
    explicit_bounds,
    scale,
    zero_count,
    zero_threshold,
    positive_offset,
    positive_bucket_counts,
    negative_offset,
    negative_bucket_counts,
    quantiles,
    quantile_values,
    exemplars,
    received_at
FROM go3s.metrics
SETTINGS insert_deduplicate = 0, max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 262144, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 1000000;
