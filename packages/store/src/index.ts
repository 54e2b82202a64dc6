export type { QueryLimits, TableSize } from "./engine/protocol.js";
export type { StoreErrorCode, StoreErrorDetails } from "./errors.js";
export { StoreError, storeErrorCodes } from "./errors.js";
export type { QueryOptions, QueryParameter, QueryResult } from "./query.js";
export type { AliasColumn, Column, Signal } from "./schema/columns.js";
export { ALIASES, COLUMNS } from "./schema/columns.js";
export type { StoreStats } from "./stats.js";
export type { Store, StoreBlock, StoreOptions, StoreReader } from "./store.js";
export { openStore, openStoreReader } from "./store.js";
