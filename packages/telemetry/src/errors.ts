/** TELEMETRY_ERROR_CODES lists every code a TelemetryError can carry, with what it means. */
export const TELEMETRY_ERROR_CODES = {
  "malformed-protobuf": "the bytes are not the protobuf message they were said to be",
  "malformed-json": "the text is not the OTLP/JSON message it was said to be",
  "malformed-thrift": "the bytes are not the Thrift structure they were said to be",
  "truncated-thrift": "the bytes end before the Thrift structure does",
  "malformed-exposition": "the page is neither Prometheus' text format nor OpenMetrics",
  "nested-too-deep": "the message nests more than 100 levels, as no sender of telemetry does",
  "unencodable-value": "a value given for encoding does not fit the field it was given for",
  "writer-misuse": "a batch writer was called in an order that makes no message: a bug in the caller",
} as const;

/** TelemetryErrorCode is the stable name of one kind of failure. */
export type TelemetryErrorCode = keyof typeof TELEMETRY_ERROR_CODES;

/** TelemetryErrorDetails adds to a TelemetryError where it happened and what to do about it. */
export interface TelemetryErrorDetails {
  /** Byte offset from the start of the message. */
  readonly offset?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** TelemetryError is the one error class of this package: what was tried, why it failed, where, and what to do. */
export class TelemetryError extends Error {
  readonly code: TelemetryErrorCode;
  readonly offset: number | undefined;
  readonly hint: string | undefined;

  constructor(code: TelemetryErrorCode, message: string, details: TelemetryErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "TelemetryError";
    this.code = code;
    this.offset = details.offset;
    this.hint = details.hint;
  }
}
