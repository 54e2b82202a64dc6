SELECT name, engine FROM system.tables WHERE database = 'go3s'
