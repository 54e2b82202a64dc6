import { defaultEngineMemory, defaultQueryLimits, defaultQueryMaxima } from "../engine/settings.js";
import type { QueryOptions, QueryResult } from "../query.js";
import { startQuery } from "../query.js";
import type { RemoteOptions } from "./client.js";
import { RemoteEngine } from "./engine.js";

/** RemoteStoreReader answers queries over a ClickHouse elsewhere, without a data directory. */
export interface RemoteStoreReader {
  /** query is as that of a store. */
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** openRemoteReader opens the tables that another Go3s fills; it changes nothing there. Rejects with `engine-start`. */
export async function openRemoteReader(
  remote: RemoteOptions,
  onNotice: (text: string) => void = () => undefined,
): Promise<RemoteStoreReader> {
  const memoryBytes = defaultEngineMemory();
  const limits = defaultQueryLimits(memoryBytes);
  const queryMax = defaultQueryMaxima(limits, memoryBytes);
  const engine = new RemoteEngine({
    remote,
    retention: {},
    queryMax,
    mayWait: false,
    readOnly: true,
    onNotice,
  });
  const close = () => engine.close();
  try {
    await engine.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    query: (sql, options = {}) => startQuery(engine, sql, options, { ...limits, ...options.limits }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
