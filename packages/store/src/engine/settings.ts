import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { EngineSettings, QueryLimits } from "./protocol.js";
import { fillIn, readSource } from "./sql.js";

const MIB = 1024 * 1024;

/** EngineSizing is how large the engine may become. */
export interface EngineSizing {
  /** memoryBytes bounds the whole engine: caches, merges, inserts and queries together. */
  readonly memoryBytes: number;
  /** queryMax bounds what a query may ask for; its defaults are QUERY_LIMITS. */
  readonly queryMax: QueryLimits;
}

/**
 * defaultEngineMemory gives a quarter of the machine's memory, at least 768 MiB and at most 2 GiB: inserts of
 * a segment's rows need ~0.5 GiB while they are sorted, merges less.
 */
export function defaultEngineMemory(): number {
  return Math.max(768 * MIB, Math.min(2048 * MIB, Math.floor(totalmem() / 4)));
}

/** defaultQueryLimits are used where a query's caller names none. */
export function defaultQueryLimits(memoryBytes: number): QueryLimits {
  return {
    time_s: 30,
    memoryBytes: Math.floor(memoryBytes / 2),
    resultRows: 10_000_000,
    resultBytes: 512 * MIB,
    threads: availableParallelism(),
  };
}

/** defaultQueryMaxima bound what a query may ask for: four times its defaults, and no more memory than half of the engine's. */
export function defaultQueryMaxima(limits: QueryLimits, memoryBytes: number): QueryLimits {
  return {
    time_s: limits.time_s * 4,
    memoryBytes: Math.max(limits.memoryBytes, Math.floor(memoryBytes / 2)),
    resultRows: limits.resultRows * 4,
    resultBytes: limits.resultBytes * 4,
    threads: 64,
  };
}

/** writeEngineConfig writes ClickHouse's own configuration into `directory` and gives what the engine is opened with. */
export function writeEngineConfig(
  directory: string,
  database: string,
  sizing: EngineSizing,
  keep: Pick<EngineSettings, "retention" | "nice" | "log">,
): EngineSettings {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const usersFile = join(directory, "users.xml");
  const configFile = join(directory, "config.xml");
  const { queryMax, memoryBytes } = sizing;
  const users = fillIn(readSource("engine/users.xml"), {
    memory_bytes: queryMax.memoryBytes,
    time_s: queryMax.time_s,
    result_rows: queryMax.resultRows,
    result_bytes: queryMax.resultBytes,
  });
  const config = fillIn(readSource("engine/config.xml"), {
    users_config: escapeXml(usersFile),
    memory_bytes: memoryBytes,
    cache_bytes: Math.floor(memoryBytes / 16),
    merge_threads: Math.min(4, availableParallelism()),
  });
  writeFileSync(usersFile, users, { mode: 0o600 });
  writeFileSync(configFile, config, { mode: 0o600 });
  return { directory: database, configFile, ...keep };
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
