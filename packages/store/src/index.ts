export type { QueryLimits, TableSize, TenantRows } from "./engine/protocol.js";
export type { StoreErrorCode, StoreErrorDetails } from "./errors.js";
export { StoreError, storeErrorCodes } from "./errors.js";
export { LogsIngest } from "./ingest/logs.js";
export { MetricsIngest } from "./ingest/metrics.js";
export { ProfilesIngest } from "./ingest/profiles.js";
export type {
  Appended,
  AppendOptions,
  ColumnBlock,
  IngestOptions,
  SignalIngest,
} from "./ingest/signal-ingest.js";
export { TENANT_NAME } from "./ingest/signal-ingest.js";
export { TracesIngest } from "./ingest/traces.js";
export type { QueryOptions, QueryParameter, QueryResult } from "./query.js";
export type { RemoteOptions } from "./remote/client.js";
export type { RemoteStoreReader } from "./remote/reader.js";
export { openRemoteReader } from "./remote/reader.js";
export type { AliasColumn, Column, Signal } from "./schema/columns.js";
export { ALIASES, COLUMNS } from "./schema/columns.js";
export type { DerivedColumn, DerivedTable } from "./schema/derived.js";
export { DERIVED_TABLES } from "./schema/derived.js";
export type { Kept, Retention } from "./schema/retention.js";
export { DEFAULT_RETENTION } from "./schema/retention.js";
export type { TenantRetention } from "./schema/tenants.js";
export { SPAN_WEIGHT } from "./schema/weight.js";
export type { StoreStats } from "./stats.js";
export { openStore, openStoreReader } from "./store.js";
export type { Store, StoreBlock, StoreOptions, StoreReader } from "./store-types.js";
export type {
  DecidedBlock,
  Generation,
  UndecidedKind,
  UndecidedLog,
  UndecidedRecord,
} from "./wal/undecided.js";
