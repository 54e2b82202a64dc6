INSERT INTO go3s.schema_version (version, name) VALUES ($version$, $name$)
