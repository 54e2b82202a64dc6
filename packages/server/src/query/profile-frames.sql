SELECT
    now, base, samples,
    if(empty(functions), ['(no stack)'], arrayReverse(arrayMap(
        (function, mapping, address) -> if(function != '', function, concat(if(mapping = '', '[unknown]', basename(mapping)), '+0x', lower(hex(address)))),
        functions, mappings, addresses))) AS names,
    if(empty(functions), [''], arrayReverse(frame_types)) AS kinds,
    if(empty(functions), [''], arrayReverse(files)) AS sources
FROM ($weights$) AS weights
LEFT JOIN stacks USING (tenant, stack_id)
