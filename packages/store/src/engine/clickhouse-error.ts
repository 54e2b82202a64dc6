import type { StoreErrorCode } from "../errors.js";
import { messageOf, StoreError } from "../errors.js";
import type { WireError } from "./protocol.js";

/** LIMIT_CODES are ClickHouse's errors that say a limit was hit (src/Common/ErrorCodes.cpp). */
const LIMIT_CODES: ReadonlySet<number> = new Set([158, 159, 160, 161, 191, 241, 307, 396]);
/** FORBIDDEN_CODES are those that say a right is missing: READONLY, SETTING_CONSTRAINT_VIOLATION, ACCESS_DENIED. */
const FORBIDDEN_CODES: ReadonlySet<number> = new Set([164, 452, 497]);
const CANCELLED_CODE = 394;

/** CleanError is a ClickHouse error without the wrapping of its transports. */
export interface CleanError {
  readonly code: number | undefined;
  readonly name: string | undefined;
  readonly message: string;
}

/**
 * cleanClickHouseError takes "Query failed: Code: 47. DB::Exception: TEXT. (NAME) (version …)" apart. Text that
 * is not of that form is given back as the message.
 */
export function cleanClickHouseError(text: string): CleanError {
  let message = text.replace(/^Query failed: /, "").trim();
  let code: number | undefined;
  let name: string | undefined;
  // An exception that passed through another one carries the wrapping twice.
  for (let round = 0; round < 4; round++) {
    const head = /^Code: (\d+)\. DB::Exception: /.exec(message);
    if (head?.[1] !== undefined) {
      code ??= Number(head[1]);
      message = message.slice(head[0].length);
    }
    const tail = /\.?\s*(?:\(version [^()]*(?:\([^()]*\))?\)|\(([A-Z][A-Z0-9_]+)\))\.?$/.exec(message);
    if (tail !== null) {
      name ??= tail[1];
      message = message.slice(0, tail.index);
    }
    if (head === null && tail === null) break;
  }
  return { code, name, message: message.trim() };
}

/** queryErrorOf turns what the engine threw for a user's query into the error that the user gets. */
export function queryErrorOf(error: unknown): WireError {
  if (error instanceof StoreError) return wireErrorOf(error);
  const clean = cleanClickHouseError(messageOf(error));
  let code: StoreErrorCode = "query-failed";
  let hint: string | undefined;
  if (clean.code !== undefined && LIMIT_CODES.has(clean.code)) {
    code = "query-limit";
    hint = "narrow the time range, add a LIMIT, or ask for a higher limit";
  } else if (clean.code !== undefined && FORBIDDEN_CODES.has(clean.code)) {
    code = "query-forbidden";
    hint = "queries read the tables of the store: traces, logs, metrics and the views over them";
  } else if (clean.code === CANCELLED_CODE) {
    code = "query-cancelled";
  }
  return { code, message: clean.message, hint, clickhouseCode: clean.code, clickhouseName: clean.name };
}

/** internalErrorOf turns what the engine threw for a statement of ours into an error that names the statement. */
export function internalErrorOf(what: string, error: unknown): WireError {
  if (error instanceof StoreError) return wireErrorOf(error);
  const clean = cleanClickHouseError(messageOf(error));
  return {
    code: "engine-error",
    message: `cannot ${what}: ${clean.message}`,
    clickhouseCode: clean.code,
    clickhouseName: clean.name,
  };
}

/** wireErrorOf takes a StoreError apart so that it can be sent. */
export function wireErrorOf(error: StoreError): WireError {
  const { code, message, hint, clickhouseCode, clickhouseName } = error;
  return { code, message, hint, clickhouseCode, clickhouseName };
}

/** storeErrorOf puts together an error that was sent. */
export function storeErrorOf(error: WireError): StoreError {
  return new StoreError(error.code, error.message, error);
}
