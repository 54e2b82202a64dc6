SELECT formatQuerySingleLine($sql$), (SELECT groupArray(name) FROM system.databases) FORMAT JSONCompactEachRow
