-- Rows by tenant, from the index alone: the tenant leads every order, and the index is in memory. Exact to the granule
-- (8,192 rows) in which a part goes from one tenant to the next.
SELECT 'traces' AS table, tenant, sum(rows_in_granule) FROM mergeTreeIndex('go3s', 'span_rows') GROUP BY tenant
UNION ALL
SELECT 'logs' AS table, tenant, sum(rows_in_granule) FROM mergeTreeIndex('go3s', 'log_rows') GROUP BY tenant
UNION ALL
SELECT 'metrics' AS table, tenant, sum(rows_in_granule) FROM mergeTreeIndex('go3s', 'metric_rows') GROUP BY tenant
