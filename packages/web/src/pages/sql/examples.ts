/** examples are statements to start from; each runs as it is. */
export const examples: readonly { readonly title: string; readonly sql: string }[] = [
  {
    title: "Requests, errors and p99 per service",
    sql: `SELECT service_name, count() AS requests, countIf(status_code = 'ERROR') AS errors,
       quantile(0.99)(duration_ns) / 1e6 AS p99_ms
FROM traces
WHERE kind = 'SERVER' AND timestamp_ns BETWEEN {from_ns:Int64} AND {to_ns:Int64}
GROUP BY service_name
ORDER BY requests DESC
LIMIT 50`,
  },
  {
    title: "p99 over time per service (a plot)",
    sql: `SELECT toStartOfMinute(start_time) AS time, service_name, quantile(0.99)(duration_ns) / 1e6 AS p99_ms
FROM traces
WHERE kind = 'SERVER' AND timestamp_ns BETWEEN {from_ns:Int64} AND {to_ns:Int64}
GROUP BY time, service_name
ORDER BY time`,
  },
  {
    title: "Slow spans with their error logs",
    sql: `SELECT t.operation, t.duration_ns / 1e6 AS ms, l.level, l.body, t.trace_id
FROM traces AS t
JOIN logs AS l ON t.trace_id = l.trace_id
WHERE t.duration_ns > 100000000 AND l.level = 'ERROR' AND t.timestamp_ns BETWEEN {from_ns:Int64} AND {to_ns:Int64}
ORDER BY t.duration_ns DESC
LIMIT 100`,
  },
  {
    title: "Statuses by route",
    sql: `SELECT service_name, attributes['http.route'] AS route, attributes['http.response.status_code'] AS status, count() AS requests
FROM traces
WHERE kind = 'SERVER' AND timestamp_ns BETWEEN {from_ns:Int64} AND {to_ns:Int64}
GROUP BY ALL
ORDER BY requests DESC
LIMIT 100`,
  },
  {
    title: "TCP connections that failed",
    sql: `SELECT timestamp, service_name, attributes['network.peer.address'] AS peer, attributes['network.peer.port'] AS port, attributes['error.type'] AS error
FROM logs
WHERE event_name = 'tcp.connect' AND attributes['error.type'] != '' AND timestamp_ns BETWEEN {from_ns:Int64} AND {to_ns:Int64}
ORDER BY timestamp_ns DESC
LIMIT 100`,
  },
];
