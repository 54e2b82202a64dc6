-- Days of which a tenant's rows are to go: all of them, so that parts are written anew once, or some a day after their time, when
-- rows of a day keep coming. The tenant leads the order, so only its own rows are looked at.
SELECT _partition_id
FROM go3s.$table$
WHERE tenant = $tenant$
GROUP BY _partition_id
HAVING max(received_at) < fromUnixTimestamp($before$) OR min(received_at) < fromUnixTimestamp($before$ - 86400)
