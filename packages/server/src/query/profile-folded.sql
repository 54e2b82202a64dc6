-- A stack a line, the outermost frame first, as flamegraph.pl and speedscope read them.
SELECT
    arrayStringConcat(arrayMap(name -> replaceRegexpAll(name, '[;\\n\\r]', ':'), names), ';') AS path,
    toString(now) AS value,
    toString(sum(now) OVER ()) AS all_now
FROM ($frames$)
WHERE now != 0
ORDER BY now DESC, path
LIMIT {limit:UInt64}
