SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS disk_bytes, sum(data_uncompressed_bytes) AS uncompressed_bytes, count() AS parts
FROM system.parts
WHERE database = 'go3s' AND active
GROUP BY table
ORDER BY table
