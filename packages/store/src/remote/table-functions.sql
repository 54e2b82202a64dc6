SELECT lower(name) FROM system.table_functions
