/**
 * SHARDING_KEYS says, by table, on which shard of a cluster a row lies. Rows of a trace lie together, records without one
 * are spread. Each key is made of the row alone: a repeated insert must send the same rows to the same shards.
 */
export const SHARDING_KEYS: Readonly<Record<string, string>> = {
  schema_version: "version",
  traces: "cityHash64(trace_id)",
  logs: "if(trace_id = '', cityHash64(service_name, timestamp_ns), cityHash64(trace_id))",
  metrics: "cityHash64(tenant, service_name, name)",
  span_rows: "cityHash64(trace)",
  log_rows: "if(trace = '', cityHash64(service_name, timestamp_ns), cityHash64(trace))",
  metric_rows: "cityHash64(tenant, service_name, name)",
  traces_received: "cityHash64(unhex(trace_id))",
  logs_received: "if(trace_id = '', cityHash64(service_name, timestamp_ns), cityHash64(unhex(trace_id)))",
  metrics_received: "cityHash64(tenant, service_name, name)",
  profiles: "stack_id",
  profiles_received: "stack_id",
  stack_rows: "stack_id",
  resources: "resource_id",
  trace_times: "id",
  red_minutes: "cityHash64(tenant, service_name, operation)",
  red_unseen: "cityHash64(tenant, service_name, operation)",
};
