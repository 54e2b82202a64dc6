import { askedAs } from "../schema/row-columns.js";
import type { TableSize, TenantRows } from "./protocol.js";

/** linesOf splits a result in tab-separated text. */
function linesOf(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

/** readSizes reads what engine/sizes.sql answers. */
export function readSizes(text: string, tenants: ReadonlyMap<string, readonly TenantRows[]>): TableSize[] {
  return linesOf(text).map(([table = "", ...figures]) => {
    const [
      rows = 0,
      diskBytes = 0,
      uncompressedBytes = 0,
      parts = 0,
      merges = 0,
      mergingBytes = 0,
      kept = 0,
    ] = figures.map(Number);
    const size = { table: askedAs(table), rows, diskBytes, uncompressedBytes, parts, merges, mergingBytes };
    return { ...size, keptSeconds: kept, tenants: tenants.get(askedAs(table)) ?? [] };
  });
}

/** readTenants reads what engine/tenants.sql answers. */
export function readTenants(text: string): Map<string, readonly TenantRows[]> {
  const byTable = new Map<string, TenantRows[]>();
  for (const [table = "", tenant = "", rows] of linesOf(text)) {
    const of = byTable.get(table) ?? [];
    byTable.set(table, of);
    of.push({ tenant, rows: Number(rows) });
  }
  return byTable;
}
