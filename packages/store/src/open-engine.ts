import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "./engine/engine.js";
import { EngineProcess } from "./engine/process.js";
import type { EngineSettings, QueryLimits } from "./engine/protocol.js";
import { writeEngineConfig } from "./engine/settings.js";
import { StoreError } from "./errors.js";
import type { RemoteOptions } from "./remote/client.js";
import { RemoteEngine } from "./remote/engine.js";
import type { Retention } from "./schema/retention.js";

/** EngineOptions are what the store's engine is made with. */
export interface EngineOptions {
  /** remote names a ClickHouse elsewhere; undefined for the embedded one. */
  readonly remote: RemoteOptions | undefined;
  /** state keeps what the engine needs beside its data, database that data. */
  readonly directories: {
    readonly state: string;
    readonly database: string;
    readonly log?: NonNullable<EngineSettings["log"]>;
  };
  readonly retention: Partial<Retention>;
  readonly memoryBytes: number;
  readonly queryMax: QueryLimits;
  readonly nice: number;
  readonly onNotice: (text: string) => void;
}

/** USED_FILE names the server that a directory's log was last inserted into. */
const USED_FILE = "remote.json";

/** newEngine makes the engine that the options ask for; it is not started yet. */
export function newEngine(options: EngineOptions): Engine {
  const { remote, directories, retention, memoryBytes, queryMax, nice, onNotice } = options;
  if (remote !== undefined) return newRemote(remote, options);
  requireOwnTables(directories.state);
  const settings = writeEngineConfig(
    directories.state,
    directories.database,
    { memoryBytes, queryMax },
    { retention, nice, ...(directories.log === undefined ? {} : { log: directories.log }) },
  );
  return new EngineProcess({ settings, stateDirectory: directories.state, onNotice });
}

/** requireOwnTables keeps what waits in a server's log from going into tables here, where nobody would look for it. */
function requireOwnTables(state: string): void {
  const path = join(state, USED_FILE);
  if (!existsSync(path)) return;
  const words = `the tables of this directory are in another ClickHouse: ${readFileSync(path, "utf8").trim()}`;
  throw new StoreError("engine-start", words, {
    hint: `name it with --clickhouse, or remove ${path} to keep tables here from now on`,
  });
}

/**
 * newRemote lets a directory that has worked with this server take what arrives while it is away, from the start. One that never has
 * is refused then: most likely the address is wrong.
 */
function newRemote(remote: RemoteOptions, options: EngineOptions): Engine {
  const { directories, retention, queryMax, onNotice } = options;
  if (retention.tenants !== undefined) {
    throw new StoreError(
      "bad-argument",
      "rows of a tenant are kept for a time of their own only in tables here",
      {
        hint: "leave tenants out of the retention, and give their rows a TTL … DELETE WHERE tenant = … on the server",
      },
    );
  }
  const path = join(directories.state, USED_FILE);
  const { url, database = "go3s", cluster = "" } = remote;
  const name = `${JSON.stringify({ url, database, cluster })}\n`;
  const isKnown = existsSync(path) && readFileSync(path, "utf8") === name;
  const onUp = (): void => writeFileSync(path, name, { mode: 0o600 });
  return new RemoteEngine({ remote, retention, queryMax, onNotice, mayWait: isKnown, onUp });
}
