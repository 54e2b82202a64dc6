import { StoreError } from "@go3s/store";
import type { ServerError } from "../errors.js";

/** Exception is an error as ClickHouse's HTTP interface tells it. */
export interface Exception {
  readonly status: number;
  readonly code: number;
  /** text is the body: `Code: 60. DB::Exception: … (UNKNOWN_TABLE) (version 26.7.2.1 (go3s))`. */
  readonly text: string;
}

// Numbers and names of src/Common/ErrorCodes.cpp, and the statuses that src/Server/HTTP/exceptionCodeToHTTPStatus.cpp gives them.
const statuses: ReadonlyMap<number, number> = new Map([
  ...[6, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 72, 117, 130, 456].map((code) => [code, 400] as const),
  ...[16, 46, 47, 50, 56, 60, 73, 81, 115].map((code) => [code, 404] as const),
  [164, 403],
  [497, 403],
  [158, 413],
  [159, 408],
  [160, 408],
  [223, 413],
  [48, 501],
  [203, 503],
]);

// Errors that are ours and not the engine's, as the nearest of ClickHouse's.
const own: Readonly<Record<string, readonly [number, string]>> = {
  "bad-sql": [62, "SYNTAX_ERROR"],
  "bad-parameter": [36, "BAD_ARGUMENTS"],
  "query-forbidden": [164, "READONLY"],
  "query-limit": [241, "MEMORY_LIMIT_EXCEEDED"],
  "query-timeout": [159, "TIMEOUT_EXCEEDED"],
  "query-cancelled": [394, "QUERY_WAS_CANCELLED"],
  "too-many": [202, "TOO_MANY_SIMULTANEOUS_QUERIES"],
  "too-large": [223, "QUERY_IS_TOO_LARGE"],
  "unsupported-type": [48, "NOT_IMPLEMENTED"],
  "bad-encoding": [354, "ZLIB_INFLATE_FAILED"],
};
const ownStatuses: ReadonlyMap<number, number> = new Map([
  [202, 503],
  [241, 500],
  [354, 400],
]);
const logical = [49, "LOGICAL_ERROR"] as const;

/** exceptionOf tells an error in ClickHouse's words; clients take code, name and text apart by this form. */
export function exceptionOf(error: ServerError, version: string): Exception {
  const { cause } = error;
  const engine = cause instanceof StoreError ? cause : undefined;
  const [ownCode, ownName] = own[error.code] ?? logical;
  const code = engine?.clickhouseCode ?? ownCode;
  const name = engine?.clickhouseCode === undefined ? ownName : engine.clickhouseName;
  const words = error.hint === "" ? error.message : `${error.message}: ${error.hint}`;
  const named = name === undefined ? "" : ` (${name})`;
  const status = statuses.get(code) ?? ownStatuses.get(code) ?? Math.max(error.status, 500);
  return {
    status,
    code,
    text: `Code: ${code}. DB::Exception: ${words}.${named} (version ${version} (go3s))\n`,
  };
}
