SELECT name, extract(create_table_query, 'TTL received_at \\+ toIntervalDay\\((\\d+)\\)') AS days
FROM system.tables
WHERE database = 'go3s' AND name IN ('traces', 'logs', 'metrics')
