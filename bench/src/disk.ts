import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openStore, type Store } from "@go3s/store";
import { fillStore } from "./load/rows.js";
import { pause } from "./measure/processes.js";
import { printTable } from "./measure/table.js";

interface ColumnSize {
  readonly table: string;
  readonly column: string;
  readonly bytes: number;
}

interface TableSize {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly indexes: number;
  readonly raw: number;
  readonly parts: number;
}

/** disk says how many bytes a span and a log record take, by column, with fresh random values and after the merges that come by themselves. */
export async function disk(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rows: { type: "string", default: "1000000" }, seconds: { type: "string", default: "20" } },
  });
  const rows = Number(values.rows);
  const dir = mkdtempSync(join(tmpdir(), "go3s-bench-disk-"));
  const store = await openStore({ dir, segmentBytesMax: 64 << 20 });
  try {
    await fillStore(store, { traces: rows, logs: rows, metrics: 0 });
    await quiet(store, Number(values.seconds) * 1000);
    const [body] = await ask<{ raw: number }>(store, "SELECT avg(length(body)) AS raw FROM logs");
    const tables = await ask<TableSize>(
      store,
      "SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, sum(secondary_indices_compressed_bytes) AS indexes, " +
        "sum(data_uncompressed_bytes) AS raw, count() AS parts FROM system.parts WHERE active AND database = 'go3s' GROUP BY table ORDER BY bytes DESC",
    );
    console.log(
      `\n${rows} spans and as many log records (bodies of ${body?.raw.toFixed(0)} bytes); bytes per span or record`,
    );
    printTable(
      ["table", "rows", "parts", "bytes", "indexes'", "uncompressed", "share"],
      tables.map(({ table, rows: held, bytes, indexes, raw, parts }) => [
        table,
        String(held),
        String(parts),
        (bytes / rows).toFixed(2),
        (indexes / rows).toFixed(2),
        (raw / rows).toFixed(0),
        (bytes / raw).toFixed(3),
      ]),
    );
    const columns = await ask<ColumnSize>(
      store,
      "SELECT table, column, sum(column_data_compressed_bytes + column_marks_bytes) AS bytes FROM system.parts_columns " +
        `WHERE active AND database = 'go3s' AND table IN ('span_rows', 'log_rows') GROUP BY table, column HAVING bytes > ${rows / 20} ORDER BY table DESC, bytes DESC`,
    );
    console.log(
      "\ncolumns of more than a twentieth of a byte (those of parts in one file are known from the merged ones only)",
    );
    printTable(
      ["table", "column", "bytes"],
      columns.map(({ table, column, bytes }) => [table, column, (bytes / rows).toFixed(2)]),
    );
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function ask<T>(store: Store, sql: string): Promise<T[]> {
  return (await store.query(sql)).rows<T>();
}

/** quiet waits until merges have nothing more to do, or for so long. */
async function quiet(store: Store, most_ms: number): Promise<void> {
  const until = performance.now() + most_ms;
  let before = -1;
  for (let still = 0; still < 3 && performance.now() < until; ) {
    await pause(1000);
    const [now] = await ask<{ parts: number }>(
      store,
      "SELECT count() AS parts FROM system.parts WHERE active AND database = 'go3s'",
    );
    still = now?.parts === before ? still + 1 : 0;
    before = now?.parts ?? 0;
  }
}
