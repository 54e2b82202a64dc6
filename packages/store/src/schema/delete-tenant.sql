ALTER TABLE go3s.$table$ DELETE IN PARTITION ID $partition$ WHERE tenant = $tenant$ AND received_at < fromUnixTimestamp($before$) SETTINGS mutations_sync = 0
