import type { LogLevel, SpanKind, SpanStatus } from "./types.js";

/** kinds in the order of their numbers in OTLP and in the database. */
export const kinds: readonly [SpanKind, ...SpanKind[]] = [
  "UNSPECIFIED",
  "INTERNAL",
  "SERVER",
  "CLIENT",
  "PRODUCER",
  "CONSUMER",
];

/** statuses in the order of their numbers in OTLP and in the database. */
export const statuses: readonly [SpanStatus, ...SpanStatus[]] = ["UNSET", "OK", "ERROR"];

/** levels a log record can have; the first stands for any other. */
export const levels: readonly [LogLevel, ...LogLevel[]] = [
  "",
  "TRACE",
  "DEBUG",
  "INFO",
  "WARN",
  "ERROR",
  "FATAL",
];
