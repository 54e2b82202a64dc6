/** storeErrorCodes lists every code a StoreError carries, with what it means in one line. */
export const storeErrorCodes = {
  "disk-full":
    "no room left on the file system: nothing was acknowledged, the same call works when there is room",
  "store-busy": "more is waiting to be inserted than the store may hold: try again later",
  "log-failed": "the write-ahead log could not be written or synced: nothing was acknowledged",
  "bad-block": "a block that the log cannot hold: empty, too long, or of an unknown signal",
  "directory-in-use": "another process uses the data directory",
  "directory-unusable": "the data directory cannot be made, read or written",
  "no-data": "there is no store in this directory",
  "schema-too-new": "the data directory was written by a newer release",
  "migration-failed":
    "the data of an earlier release could not be brought to this one's schema; it is as it was",
  "request-too-large": "a request would make more rows or bytes than one request may: send smaller batches",
  "engine-start": "the engine's process did not come up",
  "engine-lost": "the engine's process ended while the call was under way",
  "engine-error": "the engine refused an internal statement",
  "query-failed": "the engine refused the query: see its code and message",
  "query-forbidden": "the query does more than read the tables of the store",
  "query-limit": "the query hit its limit of time, memory, rows or bytes",
  "query-cancelled": "the query was cancelled by its caller",
  closed: "the store was used after close()",
  "bad-argument": "an option or argument that can never work: a mistake of the caller",
} as const;

/** StoreErrorCode is one of the keys of storeErrorCodes. */
export type StoreErrorCode = keyof typeof storeErrorCodes;

/** RETRYABLE names the codes after which the same call can succeed later without any change. */
const RETRYABLE: ReadonlySet<StoreErrorCode> = new Set([
  "disk-full",
  "store-busy",
  "log-failed",
  "engine-lost",
]);

/** StoreErrorDetails are the optional parts of a StoreError. */
export interface StoreErrorDetails {
  /** hint says what to do. */
  readonly hint?: string | undefined;
  /** clickhouseCode is ClickHouse's own error number, for example 60 for an unknown table. */
  readonly clickhouseCode?: number | undefined;
  /** clickhouseName is ClickHouse's own error name, for example UNKNOWN_TABLE. */
  readonly clickhouseName?: string | undefined;
  readonly cause?: unknown;
}

/** StoreError is the one error that this package throws for what the world or its caller did. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** retryable is true when the same call can succeed later as it is. */
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly clickhouseCode: number | undefined;
  readonly clickhouseName: string | undefined;

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "StoreError";
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.hint = details.hint;
    this.clickhouseCode = details.clickhouseCode;
    this.clickhouseName = details.clickhouseName;
  }
}

/** errnoOf gives the `code` of a Node system error ("ENOSPC"), or "" for anything else. */
export function errnoOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** messageOf gives the message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
