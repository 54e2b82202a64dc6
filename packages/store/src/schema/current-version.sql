SELECT max(version) FROM go3s.schema_version
