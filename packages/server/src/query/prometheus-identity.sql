-- What tells one series from another. A target without an instance id is named by its host and process.
name, unit, CAST(type, 'String') AS type, is_monotonic, service_name,
    resource_attributes['service.namespace'] AS namespace,
    coalesce(nullIf(resource_attributes['service.instance.id'], ''), concat(resource_attributes['host.name'], if(resource_attributes['process.pid'] = '', '', ':'), resource_attributes['process.pid'])) AS instance,
    toJSONString(attributes) AS pairs
