import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openStore, type QueryOptions, SPAN_WEIGHT, type Store } from "@go3s/store";
import { fillStore } from "./load/rows.js";
import { median } from "./measure/processes.js";
import { printTable, thousands } from "./measure/table.js";

const runs = 9;

/** Asked is one query of the table. */
interface Asked {
  readonly shows: string;
  readonly sql: string;
  readonly params?: QueryOptions["params"];
}

const fused = `SELECT span.operation, log.level, metric.value
FROM traces
JOIN logs ON traces.trace_id = logs.trace_id AND logs.timestamp BETWEEN traces.start_time AND traces.end_time
JOIN metrics ON traces.service_name = metrics.service_name
WHERE span.duration_ns > 1000000000 AND log.level = 'ERROR'
LIMIT 100`;

function statementOf(name: string): string {
  const path = new URL(`../../packages/server/src/query/${name}.sql`, import.meta.url);
  return readFileSync(path, "utf8").replaceAll("$filter$", "1").replaceAll("$weight$", SPAN_WEIGHT);
}

/** query fills a store with an hour of spans, log records and points, and asks what a user asks: one at a time, warm. */
export async function query(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: "string", default: "2000000" },
      explain: { type: "boolean", default: false },
      // A directory that stays: 50 million rows of each signal take half an hour to make.
      data: { type: "string" },
    },
  });
  const rows = Number(values.rows);
  const dir = values.data ?? mkdtempSync(join(tmpdir(), "go3s-bench-query-"));
  const isFilled = values.data !== undefined && existsSync(values.data);
  const store = await openStore({
    dir,
    segmentBytesMax: 64 << 20,
    retention: { traces: 0, logs: 0, metrics: 0 },
  });
  try {
    if (!isFilled) await fillStore(store, { traces: rows, logs: rows, metrics: Math.ceil(rows / 10) });
    console.log(
      `\n${thousands(rows)} spans, as many log records and a tenth as many points of one hour; medians of ${runs}, warm`,
    );
    const table: string[][] = [];
    for (const asked of await questions(store)) {
      const row = await measure(store, asked);
      table.push(row);
      console.error(row.slice(0, 2).join(": "));
      if (values.explain) console.log(`\n${asked.shows}\n${await explain(store, asked)}`);
    }
    printTable(["query", "median ms", "least ms", "rows read", "rows"], table);
  } finally {
    await store.close();
    if (values.data === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

async function questions(store: Store): Promise<Asked[]> {
  const [some] = await (
    await store.query(
      "SELECT trace_id, attributes['user.id'] AS user, (SELECT toString(min(timestamp_ns)) FROM traces) AS first_ns FROM traces WHERE service_name = 'service-5' LIMIT 1 OFFSET 1000",
    )
  ).rows<{ trace_id: string; user: string; first_ns: string }>();
  if (some === undefined) throw new Error("no span was found");
  const from = BigInt(some.first_ns) / 60_000_000_000n;
  const at = (minute: bigint): string => String((from + minute) * 60_000_000_000n);
  const hour = { from_ns: at(0n), to_ns: at(61n), start_ns: at(0n), step_ns: "60000000000" };
  return [
    {
      shows: "trace by id",
      sql: statementOf("trace-spans"),
      params: { trace_id: some.trace_id, limit: 1000 },
    },
    {
      shows: "trace by id, without its times",
      sql: `SELECT span_id FROM traces WHERE trace_id = '${some.trace_id}'`,
    },
    {
      shows: "service + operation + attribute, 15 min",
      sql:
        "SELECT * FROM traces WHERE service_name = 'service-5' AND operation = 'GET /api/v1/things/{id}/7' AND attributes['http.response.status_code'] = '500' " +
        `AND timestamp_ns >= ${at(20n)} AND timestamp_ns < ${at(35n)} ORDER BY timestamp_ns DESC LIMIT 100`,
    },
    {
      shows: "a rare attribute in an hour, by its index",
      sql: `SELECT * FROM traces WHERE has(attribute_hashes, cityHash64('user.id', '${some.user}')) AND attributes['user.id'] = '${some.user}'`,
    },
    {
      shows: "the same, without it",
      sql: `SELECT * FROM traces WHERE attributes['user.id'] = '${some.user}'`,
    },
    {
      shows: "p99 by service and minute, from the spans",
      sql: statementOf("services"),
      params: hour,
    },
    { shows: "the same, from the rollup", sql: statementOf("services-rolled"), params: hour },
    { shows: "row D3's join", sql: fused },
    {
      shows: "D3's join, all rows, counted",
      sql: fused
        .replace(/SELECT .*/, "SELECT count()")
        .replace("JOIN metrics ON traces.service_name = metrics.service_name\n", "")
        .replace("LIMIT 100", ""),
    },
  ];
}

async function measure(store: Store, { shows, sql, params = {} }: Asked): Promise<string[]> {
  const took_ms: number[] = [];
  let read = 0;
  let found = 0;
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    const answer = await store.query(sql, {
      format: "JSONCompact",
      params,
      settings: { use_query_condition_cache: "0" },
    });
    const value: { rows: number; statistics: { rows_read: number } } = JSON.parse(await answer.text());
    if (run > 0) took_ms.push(performance.now() - start);
    read = value.statistics.rows_read;
    found = value.rows;
  }
  return [
    shows,
    median(took_ms).toFixed(0),
    Math.min(...took_ms).toFixed(0),
    thousands(read),
    thousands(found),
  ];
}

async function explain(store: Store, { sql, params = {} }: Asked): Promise<string> {
  const result = await store.query(`EXPLAIN indexes = 1, actions = 0 ${sql.replace(/^--.*\n/, "")}`, {
    format: "TSVRaw",
    params,
  });
  return result.text();
}
