import { StoreError, type StoreErrorCode } from "@go3s/store";
import { type ErrorCode, ServerError } from "./errors.js";

interface Row {
  readonly code: ErrorCode;
  readonly retryAfterSeconds?: number;
}

// Seconds to wait: a full queue drains in about one, a full disk or a broken engine is not mended in one.
const rows: Readonly<Record<StoreErrorCode, Row>> = {
  "disk-full": { code: "disk-full", retryAfterSeconds: 5 },
  "store-busy": { code: "too-many", retryAfterSeconds: 1 },
  "log-failed": { code: "store-not-ready", retryAfterSeconds: 5 },
  "bad-block": { code: "internal" },
  "request-too-large": { code: "too-large" },
  "directory-in-use": { code: "store-not-ready" },
  "directory-unusable": { code: "store-not-ready" },
  "no-data": { code: "store-not-ready" },
  "schema-too-new": { code: "store-not-ready" },
  "migration-failed": { code: "store-not-ready" },
  "engine-start": { code: "store-not-ready", retryAfterSeconds: 5 },
  "engine-lost": { code: "store-not-ready", retryAfterSeconds: 2 },
  "engine-error": { code: "internal" },
  "query-failed": { code: "bad-sql" },
  "query-forbidden": { code: "query-forbidden" },
  "query-limit": { code: "query-limit" },
  "query-cancelled": { code: "query-cancelled" },
  closed: { code: "shutting-down", retryAfterSeconds: 5 },
  "bad-argument": { code: "bad-parameter" },
};

// TIMEOUT_EXCEEDED and TOO_SLOW (ClickHouse src/Common/ErrorCodes.cpp).
const timeouts = new Set([159, 160]);

/** fromStore turns an error of the store into one of ours; anything else is given back as it is. */
export function fromStore(thrown: unknown): unknown {
  if (!(thrown instanceof StoreError)) return thrown;
  const row = rows[thrown.code];
  const isTimeout = thrown.clickhouseCode !== undefined && timeouts.has(thrown.clickhouseCode);
  // "Syntax error: failed at position 8 ('FORM')" counts bytes of the statement from 1.
  const at = /failed at position (\d+)/.exec(thrown.message)?.[1];
  return new ServerError(isTimeout ? "query-timeout" : row.code, thrown.message, {
    hint: thrown.hint ?? "",
    cause: thrown,
    ...(row.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: row.retryAfterSeconds }),
    ...(at === undefined ? {} : { position: Number(at) - 1 }),
  });
}
