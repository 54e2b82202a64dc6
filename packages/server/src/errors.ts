/** Row is one error code: the HTTP status it is answered with and its meaning in one line. */
interface Row {
  readonly status: number;
  readonly meaning: string;
}

/** errorCodes lists every error of this package. Refusals are 4xx, the world's troubles 5xx, "internal" is a bug of ours. */
export const errorCodes = {
  "bad-filter": { status: 400, meaning: "the filter's text has a mistake; position says where" },
  "bad-config": {
    status: 400,
    meaning: "a configuration file says what cannot be; the message has line and column",
  },
  "scrape-failed": { status: 502, meaning: "a target was not reached, or did not answer with metrics" },
  "bad-parameter": { status: 400, meaning: "a query parameter is missing or has a value it cannot have" },
  "bad-sql": { status: 400, meaning: "the engine does not accept the statement" },
  "not-otlp": { status: 400, meaning: "the body is not the OTLP message of this path" },
  "bad-encoding": { status: 400, meaning: "the body cannot be decompressed as its Content-Encoding says" },
  "host-refused": { status: 403, meaning: "the Host header names neither this address nor an allowed host" },
  "token-needed": { status: 401, meaning: "the server is not on loopback and asks for its token" },
  "not-allowed": {
    status: 403,
    meaning: "who asks may not run probes nor change what is observed; a right of its own (docs/security.md)",
  },
  "origin-refused": { status: 403, meaning: "the request comes from another site's page" },
  "query-forbidden": { status: 403, meaning: "the statement does more than read the store's tables" },
  "not-found": { status: 404, meaning: "no such address, service, trace or span" },
  "method-not-allowed": { status: 405, meaning: "the address exists for another method" },
  "request-timeout": { status: 408, meaning: "the body did not arrive in time" },
  "too-large": { status: 413, meaning: "the body is larger than allowed, before or after decompression" },
  "unsupported-type": { status: 415, meaning: "Content-Type or Content-Encoding is not one we take" },
  "query-cancelled": { status: 499, meaning: "the client went away before the answer was there" },
  "too-many": {
    status: 429,
    meaning: "more requests are waiting than allowed; try again after the time given",
  },
  internal: { status: 500, meaning: "a bug in Go3s" },
  "store-not-ready": { status: 503, meaning: "the store is starting, busy or closed; try again" },
  "disk-full": {
    status: 503,
    meaning: "the log has no room to keep what arrives; try again when there is room",
  },
  "shutting-down": { status: 503, meaning: "the server is stopping; send to it after its restart" },
  "query-timeout": { status: 504, meaning: "the query took longer than allowed" },
  "query-limit": { status: 400, meaning: "the query needs more memory, rows or output than allowed" },
  "cannot-listen": { status: 500, meaning: "a port cannot be opened" },
} as const satisfies Readonly<Record<string, Row>>;

/** ErrorCode is a code of errorCodes. */
export type ErrorCode = keyof typeof errorCodes;

interface Details {
  readonly hint?: string;
  /** Where in the filter or SQL text, UTF-16 units from 0. */
  readonly position?: number;
  readonly end?: number;
  readonly expected?: readonly string[];
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** ServerError is the one error class of this package: what was tried and why it failed, and in `hint` what to do. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: ErrorCode;
  readonly hint: string;
  readonly position: number | undefined;
  readonly end: number | undefined;
  readonly expected: readonly string[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? "";
    this.position = details.position;
    this.end = details.end;
    this.expected = details.expected ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  /** status is the HTTP status of the code. */
  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** textOf gives the message of anything thrown. */
export function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
