-- A stack a line, the outermost frame first, as flamegraph.pl and speedscope read them.
SELECT concat(arrayStringConcat(arrayMap(name -> replaceRegexpAll(name, '[;\\n\\r]', ':'), names), ';'), ' ', toString(now)) AS line
FROM ($frames$)
WHERE now != 0
ORDER BY now DESC, line
LIMIT {limit:UInt64}
