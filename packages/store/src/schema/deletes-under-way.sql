SELECT DISTINCT table FROM system.mutations WHERE database = 'go3s' AND NOT is_done
