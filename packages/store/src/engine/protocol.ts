import type { StoreErrorCode } from "../errors.js";
import type { Retention } from "../schema/retention.js";
import type { Damage } from "../wal/recover.js";

/*
 * What the two processes say to each other over Node's IPC channel with `serialization: "advanced"`, which
 * carries Uint8Array as bytes. Every request has an id; its answer is `done` or `error` with the same id, and
 * for a query before that any number of `chunk`, each of which the parent has asked for with `more`.
 */

/** EngineSettings are what the engine's process is told when it opens the database. */
export interface EngineSettings {
  /** directory of ClickHouse's own files. */
  readonly directory: string;
  readonly configFile: string;
  readonly retention: Partial<Retention>;
  /** log is where an earlier release may have left segments, which only its own tables know whether they have. */
  readonly log?: Pick<InsertRequest, "temporaryDirectory" | "damagedDirectory"> & {
    readonly directory: string;
  };
  /** nice is the engine's scheduling priority, 0 (as everybody) to 19 (only what nobody else wants). */
  readonly nice: number;
}

/** QueryLimits bound what one query of a user may use; the engine enforces them. */
export interface QueryLimits {
  readonly time_s: number;
  readonly memoryBytes: number;
  /** resultRows and resultBytes end the query with an error when its result grows beyond. */
  readonly resultRows: number;
  readonly resultBytes: number;
  readonly threads: number;
}

/** InsertRequest asks for the rows of one segment to be in the tables, once, whatever happened before. */
export interface InsertRequest {
  readonly path: string;
  readonly length: number;
  readonly temporaryDirectory: string;
  readonly damagedDirectory: string;
}

/** InsertResult says what the segment held. */
export interface InsertResult {
  /** rows by the signal's number. */
  readonly rows: readonly { readonly signal: number; readonly rows: number; readonly bytes: number }[];
  readonly damages: readonly Damage[];
}

/** TableSize is what one table uses on disk. */
export interface TableSize {
  readonly table: string;
  readonly rows: number;
  readonly diskBytes: number;
  readonly uncompressedBytes: number;
  readonly parts: number;
  /** merges under way, and how many bytes they merge. */
  readonly merges: number;
  readonly mergingBytes: number;
  /** keptSeconds is after how many seconds rows go; 0: never. */
  readonly keptSeconds: number;
  /** tenants tells the rows of each; empty for tables that are not of a signal. */
  readonly tenants: readonly TenantRows[];
}

/** TenantRows is how many rows of a table are a tenant's, to within some thousands. */
export interface TenantRows {
  readonly tenant: string;
  readonly rows: number;
}

/** EngineRequest is what the parent sends. */
export type EngineRequest =
  | { readonly op: "open"; readonly id: number; readonly settings: EngineSettings }
  | {
      readonly op: "query";
      readonly id: number;
      readonly sql: string;
      readonly format: string;
      readonly params: Readonly<Record<string, string>>;
      readonly settings: Readonly<Record<string, string>>;
      readonly limits: QueryLimits;
    }
  | { readonly op: "more"; readonly id: number }
  | { readonly op: "cancel"; readonly id: number }
  | { readonly op: "insert"; readonly id: number; readonly request: InsertRequest }
  | { readonly op: "sizes"; readonly id: number }
  | { readonly op: "close"; readonly id: number };

/** WireError is a StoreError as it passes between the processes. */
export interface WireError {
  readonly code: StoreErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly clickhouseCode?: number | undefined;
  readonly clickhouseName?: string | undefined;
}

/** EngineAnswer is what the engine's process sends. */
export type EngineAnswer =
  | { readonly type: "chunk"; readonly id: number; readonly bytes: Uint8Array; readonly format: string }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: WireError };
