ALTER TABLE go3s.$table$ MODIFY TTL received_at + INTERVAL $days$ DAY SETTINGS materialize_ttl_after_modify = 0
