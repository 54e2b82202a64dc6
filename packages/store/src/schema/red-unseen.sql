-- What sampling left out, by operation and minute: a span that is kept by a share of the traces stands for 2^56 / (2^56 - th) of
-- them (OpenTelemetry's consistent probability sampling; `ot=th:…` in its trace state), and those but itself are counted here.
-- Empty where nothing is sampled, at no cost.
CREATE TABLE IF NOT EXISTS go3s.red_unseen
(
    tenant LowCardinality(String),
    service_name LowCardinality(String),
    minute_ns Int64 CODEC(Delta, Default),
    operation LowCardinality(String),
    kind Enum8('UNSPECIFIED' = 0, 'INTERNAL' = 1, 'SERVER' = 2, 'CLIENT' = 3, 'PRODUCER' = 4, 'CONSUMER' = 5),
    is_request UInt8,
    spans SimpleAggregateFunction(sum, Float64),
    errors SimpleAggregateFunction(sum, Float64),
    received_at SimpleAggregateFunction(max, DateTime('UTC')) DEFAULT now('UTC')
)
ENGINE = AggregatingMergeTree
PARTITION BY intDiv(minute_ns, 86400000000000)
ORDER BY (tenant, service_name, minute_ns, operation, kind, is_request)
SETTINGS
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    ttl_only_drop_parts = 1,
    merge_with_ttl_timeout = 3600;
