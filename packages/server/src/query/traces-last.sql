-- The newest span before a time: what to show instead of "nothing here".
SELECT toString(max(timestamp_ns)) AS last_ns, count() AS rows_before FROM traces WHERE timestamp_ns < {to_ns:Int64}
