import type { StoreStats } from "@go3s/store";
import type { EngineStatus, StoreStatus, TenantUse } from "./api/status-types.js";

const signals = ["traces", "logs", "metrics"] as const;

/** storeStatus says in the API's words what the store knows about itself; `use` is what the engine's process needs. */
export function storeStatus(
  stats: StoreStats,
  { state, reason }: Pick<StoreStatus, "state" | "reason">,
  use: Pick<EngineStatus, "cpu_share" | "rss_bytes">,
): StoreStatus {
  const { waiting, tables, engine, log } = stats;
  return {
    state,
    reason,
    disk_bytes: tables.reduce((sum, table) => sum + table.diskBytes, 0),
    wal_bytes: waiting.bytes,
    waiting_rows: waiting.rows,
    waiting_segments: waiting.segments,
    waiting_oldest_ms: waiting.oldest_ms,
    tables: tables.map((table) => ({
      table: table.table,
      rows: table.rows,
      disk_bytes: table.diskBytes,
      uncompressed_bytes: table.uncompressedBytes,
      parts: table.parts,
      merges: table.merges,
      merging_bytes: table.mergingBytes,
      kept_s: table.keptSeconds,
    })),
    tenants: tenantsOf(stats),
    engine: {
      state: engine.state,
      restarts: engine.restarts,
      pid: engine.pid ?? null,
      ...use,
      last_insert_ms: stats.lastInsert_ms,
      last_insert_took_ms: stats.lastInsertTook_ms,
    },
    log_faults: { writes: log.failedWrites, syncs: log.failedSyncs },
  };
}

/** tenantsOf shares a table's bytes out by rows: the engine keeps tenants in the same files. */
function tenantsOf({ tables }: StoreStats): TenantUse[] {
  return signals
    .flatMap((signal) => {
      const table = tables.find((each) => each.table === signal);
      if (table === undefined) return [];
      const all = table.tenants.reduce((sum, { rows }) => sum + rows, 0);
      return table.tenants.map(({ tenant, rows }) => ({
        tenant,
        signal,
        rows,
        disk_bytes: all === 0 ? 0 : Math.round((table.diskBytes * rows) / all),
      }));
    })
    .sort((a, b) => b.disk_bytes - a.disk_bytes);
}
