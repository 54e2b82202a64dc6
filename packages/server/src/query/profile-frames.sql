-- Stacks with their weights and names. Those of others are left out before the join, which holds its right side in memory.
SELECT
    now, base, samples,
    if(empty(functions), ['(no stack)'], arrayReverse(arrayMap(
        (function, mapping, address) -> if(function != '', function, concat(if(mapping = '', '[unknown]', basename(mapping)), '+0x', lower(hex(address)))),
        functions, mappings, addresses))) AS names,
    if(empty(functions), [''], arrayReverse(frame_types)) AS kinds,
    if(empty(functions), [''], arrayReverse(files)) AS sources
FROM ($weights$) AS weights
LEFT JOIN
(
    SELECT *
    FROM stacks
    WHERE (tenant, stack_id) IN (SELECT tenant, stack_id FROM ($weights$))
) AS stacks USING (tenant, stack_id)
