SELECT name, type FROM system.columns WHERE database = 'go3s' AND table = $table$ AND default_kind = '' ORDER BY position
