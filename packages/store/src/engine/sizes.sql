-- What each table uses on disk, what is being merged, and after how many seconds its rows go (0: never).
SELECT
    table, sum(rows) AS rows, sum(bytes_on_disk) AS disk_bytes, sum(data_uncompressed_bytes) AS uncompressed_bytes,
    count() AS parts, any(merging.merges) AS merges, any(merging.bytes) AS merging_bytes, any(kept.seconds) AS kept_seconds
FROM system.parts
LEFT JOIN
(
    SELECT table, count() AS merges, sum(total_size_bytes_compressed) AS bytes
    FROM system.merges
    WHERE database = 'go3s'
    GROUP BY table
) AS merging USING table
LEFT JOIN
(
    SELECT
        name AS table,
        toUInt64OrZero(extract(engine_full, 'TTL received_at \\+ toIntervalSecond\\((\\d+)\\)'))
            + toUInt64OrZero(extract(engine_full, 'TTL received_at \\+ toIntervalDay\\((\\d+)\\)')) * 86400 AS seconds
    FROM system.tables
    WHERE database = 'go3s'
) AS kept USING table
WHERE database = 'go3s' AND active
GROUP BY table
ORDER BY table
