-- Parts that are there learn their new time to go from the one column that says it, without being written anew.
ALTER TABLE go3s.$table$ MODIFY SETTING materialize_ttl_recalculate_only = 1;
ALTER TABLE go3s.$table$ MODIFY TTL received_at + INTERVAL $seconds$ SECOND SETTINGS materialize_ttl_after_modify = 1, mutations_sync = 0
