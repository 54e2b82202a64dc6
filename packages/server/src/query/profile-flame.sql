-- The tree of all stacks, as one grouping: a place in it is the sum of the hashes of the names down to it, each with its
-- depth, so that every frame knows its own place and its parent's. Places that weigh most come first, and a parent weighs
-- no less than its children: whatever is cut off, the rest is a tree.
SELECT
    toString(place) AS id,
    toString(any(above)) AS parent,
    any(name) AS name,
    any(kind) AS kind,
    any(source) AS source,
    any(depth) AS depth,
    sum(now) AS total,
    sumIf(now, is_leaf) AS self,
    sum(base) AS base_total,
    sumIf(base, is_leaf) AS base_self,
    sum(samples) AS sampled,
    count() OVER () AS places,
    sum(if(depth = 1, total, 0)) OVER () AS all_total,
    sum(if(depth = 1, base_total, 0)) OVER () AS all_base_total,
    sum(if(depth = 1, sampled, 0)) OVER () AS all_sampled
FROM
(
    SELECT now, base, samples, names, kinds, sources, arrayCumSum(arrayMap((name, i) -> cityHash64(name, i), names, arrayEnumerate(names))) AS path
    FROM ($frames$)
)
ARRAY JOIN
    names AS name,
    kinds AS kind,
    sources AS source,
    path AS place,
    arrayPushFront(arrayPopBack(path), toUInt64(0)) AS above,
    arrayEnumerate(path) AS depth,
    arrayMap(i -> i = length(path), arrayEnumerate(path)) AS is_leaf
GROUP BY place
ORDER BY greatest(total, base_total) DESC, depth
LIMIT {limit:UInt64}
