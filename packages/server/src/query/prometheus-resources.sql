-- What sent anything within a range, for target_info.
SELECT
    any(service_name) AS service_name,
    toJSONString(any(attributes)) AS pairs,
    min(first_seen_ns) AS first_ns,
    max(last_seen_ns) AS last_ns
FROM go3s.resources
GROUP BY tenant, resource_id
HAVING first_ns <= {to_ns:Int64} AND last_ns > {from_ns:Int64}
