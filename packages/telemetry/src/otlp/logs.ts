import { AnyValue, InstrumentationScope, KeyValue, Resource } from "./common.js";
import {
  child,
  enumeration,
  fixed32,
  fixed64,
  hex,
  int64,
  list,
  type MessageType,
  message,
  string,
  uint32,
} from "./message.js";

const PACKAGE = "opentelemetry.proto.logs.v1";
const COLLECTOR = "opentelemetry.proto.collector.logs.v1";

/** SEVERITY gives the first number of each severity range of LogRecord.severityNumber. */
export const SEVERITY = {
  UNSPECIFIED: 0,
  TRACE: 1,
  DEBUG: 5,
  INFO: 9,
  WARN: 13,
  ERROR: 17,
  FATAL: 21,
} as const;

/** ExportLogsServiceRequest is what a client sends to /v1/logs. */
export interface ExportLogsServiceRequest {
  readonly resourceLogs: readonly ResourceLogs[];
}

/** ResourceLogs are the log records of one resource. */
export interface ResourceLogs {
  readonly resource?: Resource;
  readonly scopeLogs: readonly ScopeLogs[];
  readonly schemaUrl: string;
}

/** ScopeLogs are the log records of one instrumentation scope. */
export interface ScopeLogs {
  readonly scope?: InstrumentationScope;
  readonly logRecords: readonly LogRecord[];
  readonly schemaUrl: string;
}

/** LogRecord is one log line or event; ids are lower-case hex, times Unix nanoseconds. */
export interface LogRecord {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body?: AnyValue;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
}

/** ExportLogsPartialSuccess tells the client which part was refused. */
export interface ExportLogsPartialSuccess {
  readonly rejectedLogRecords: bigint;
  readonly errorMessage: string;
}

/** ExportLogsServiceResponse is the answer to an export; empty when all was taken. */
export interface ExportLogsServiceResponse {
  readonly partialSuccess?: ExportLogsPartialSuccess;
}

export const LogRecord: MessageType<LogRecord> = message<LogRecord>(`${PACKAGE}.LogRecord`, {
  timeUnixNano: fixed64(1),
  observedTimeUnixNano: fixed64(11),
  severityNumber: enumeration(2),
  severityText: string(3),
  body: child(5, () => AnyValue),
  attributes: list(6, () => KeyValue),
  droppedAttributesCount: uint32(7),
  flags: fixed32(8),
  traceId: hex(9),
  spanId: hex(10),
  eventName: string(12),
});

export const ScopeLogs: MessageType<ScopeLogs> = message<ScopeLogs>(`${PACKAGE}.ScopeLogs`, {
  scope: child(1, () => InstrumentationScope),
  logRecords: list(2, () => LogRecord),
  schemaUrl: string(3),
});

export const ResourceLogs: MessageType<ResourceLogs> = message<ResourceLogs>(`${PACKAGE}.ResourceLogs`, {
  resource: child(1, () => Resource),
  scopeLogs: list(2, () => ScopeLogs),
  schemaUrl: string(3),
});

export const ExportLogsServiceRequest: MessageType<ExportLogsServiceRequest> =
  message<ExportLogsServiceRequest>(`${COLLECTOR}.ExportLogsServiceRequest`, {
    resourceLogs: list(1, () => ResourceLogs),
  });

export const ExportLogsPartialSuccess: MessageType<ExportLogsPartialSuccess> =
  message<ExportLogsPartialSuccess>(`${COLLECTOR}.ExportLogsPartialSuccess`, {
    rejectedLogRecords: int64(1),
    errorMessage: string(2),
  });

export const ExportLogsServiceResponse: MessageType<ExportLogsServiceResponse> =
  message<ExportLogsServiceResponse>(`${COLLECTOR}.ExportLogsServiceResponse`, {
    partialSuccess: child(1, () => ExportLogsPartialSuccess),
  });
