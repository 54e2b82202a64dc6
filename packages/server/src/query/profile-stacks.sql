-- Stacks with all that is known of their frames, the innermost first, for pprof's format.
SELECT
    toString(now) AS value, toString(samples) AS counted, toString(sum(now) OVER ()) AS all_now, toString(sum(samples) OVER ()) AS all_samples,
    functions, files, lines, mappings, build_ids, arrayMap(address -> toString(address), addresses) AS addresses, inlined
FROM ($weights$) AS weights
LEFT JOIN
(
    SELECT *
    FROM stacks
    WHERE (tenant, stack_id) IN (SELECT tenant, stack_id FROM ($weights$))
) AS stacks USING (tenant, stack_id)
WHERE now != 0
ORDER BY now DESC, stack_id
LIMIT {limit:UInt64}
