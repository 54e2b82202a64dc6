import { readFileSync } from "node:fs";
import type { Store } from "@go3s/store";

/** RowCounts is how many rows of each signal are made. */
export type RowCounts = Readonly<Record<"traces" | "logs" | "metrics", number>>;

const files = { traces: "spans", logs: "logs", metrics: "metrics" } as const;
const blockRows = 50_000;

/** fillStore has the engine make rows with random values over the last hour and appends them as they would have come, in the order of time. */
export async function fillStore(store: Store, counts: RowCounts): Promise<void> {
  const seed = Date.now();
  const now_ns = `${Date.now()}000000`;
  const steps = Math.max(1, Math.ceil(counts.traces / (blockRows * 8)));
  for (let step = 0; step < steps; step++) {
    for (const signal of ["traces", "logs", "metrics"] as const) {
      const rows = counts[signal];
      const first = Math.floor((rows * step) / steps);
      const count = Math.floor((rows * (step + 1)) / steps) - first;
      if (count === 0) continue;
      const sql = readFileSync(new URL(`../../src/load/sql/${files[signal]}.sql`, import.meta.url), "utf8");
      const result = await store.query(sql, {
        format: "Native",
        params: { rows, first, count, seed, now_ns },
        settings: { max_block_size: String(blockRows), max_threads: "1" },
        limits: { resultBytes: 2 ** 31 },
      });
      for await (const bytes of result.chunks) await store.append([{ signal, rows: rowsOf(bytes), bytes }]);
    }
    await store.flush();
  }
}

/** rowsOf reads the second number of a Native block. */
function rowsOf(block: Uint8Array): number {
  let at = 0;
  while ((block[at] ?? 0) >= 0x80) at++;
  at++;
  let rows = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = block[at++] ?? 0;
    rows += (byte & 0x7f) * scale;
    if (byte < 0x80) return rows;
  }
}
