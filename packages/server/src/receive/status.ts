import {
  ExportLogsServiceResponse,
  ExportMetricsServiceResponse,
  ExportProfilesServiceResponse,
  ExportTraceServiceResponse,
  encodeJson,
  encodeProtobuf,
  RPC_CODE,
  RpcStatus,
  retryInfo,
  statusJson as rpcStatusJson,
} from "@go3s/telemetry";
import { type ErrorCode, ServerError, textOf } from "../errors.js";

/** Accepted is what became of one request's items. */
export interface Accepted {
  readonly rows: number;
  /** What a fused request brought of other signals. */
  readonly others?: readonly { readonly signal: OtlpSignal["signal"]; readonly rows: number }[];
  readonly rejected: number;
  /** Why items were rejected; "" when none was. */
  readonly message: string;
}

/** OtlpSignal is a signal with its names in OTLP and how it tells a partial success. */
export interface OtlpSignal {
  readonly signal: "traces" | "logs" | "metrics" | "profiles";
  readonly path: string;
  readonly service: string;
  readonly unit: "spans" | "logs" | "metrics" | "samples";
  readonly partialBytes: (rejected: bigint, errorMessage: string) => Uint8Array;
  readonly partialJson: (rejected: bigint, errorMessage: string) => string;
}

/** otlpSignals are the four signals. */
export const otlpSignals: readonly OtlpSignal[] = [
  {
    signal: "traces",
    path: "/v1/traces",
    service: "opentelemetry.proto.collector.trace.v1.TraceService",
    unit: "spans",
    partialBytes: (rejectedSpans, errorMessage) =>
      encodeProtobuf(ExportTraceServiceResponse, { partialSuccess: { rejectedSpans, errorMessage } }),
    partialJson: (rejectedSpans, errorMessage) =>
      encodeJson(ExportTraceServiceResponse, { partialSuccess: { rejectedSpans, errorMessage } }),
  },
  {
    signal: "logs",
    path: "/v1/logs",
    service: "opentelemetry.proto.collector.logs.v1.LogsService",
    unit: "logs",
    partialBytes: (rejectedLogRecords, errorMessage) =>
      encodeProtobuf(ExportLogsServiceResponse, { partialSuccess: { rejectedLogRecords, errorMessage } }),
    partialJson: (rejectedLogRecords, errorMessage) =>
      encodeJson(ExportLogsServiceResponse, { partialSuccess: { rejectedLogRecords, errorMessage } }),
  },
  {
    signal: "metrics",
    path: "/v1/metrics",
    service: "opentelemetry.proto.collector.metrics.v1.MetricsService",
    unit: "metrics",
    partialBytes: (rejectedDataPoints, errorMessage) =>
      encodeProtobuf(ExportMetricsServiceResponse, { partialSuccess: { rejectedDataPoints, errorMessage } }),
    partialJson: (rejectedDataPoints, errorMessage) =>
      encodeJson(ExportMetricsServiceResponse, { partialSuccess: { rejectedDataPoints, errorMessage } }),
  },
  {
    // Not stable yet: its package and path carry the word. Samples are what is counted, also those that are refused.
    signal: "profiles",
    path: "/v1development/profiles",
    service: "opentelemetry.proto.collector.profiles.v1development.ProfilesService",
    unit: "samples",
    partialBytes: (rejectedProfiles, errorMessage) =>
      encodeProtobuf(ExportProfilesServiceResponse, { partialSuccess: { rejectedProfiles, errorMessage } }),
    partialJson: (rejectedProfiles, errorMessage) =>
      encodeJson(ExportProfilesServiceResponse, { partialSuccess: { rejectedProfiles, errorMessage } }),
  },
];

// OTLP retries RESOURCE_EXHAUSTED only when RetryInfo is there, so "too-large", which never helps to retry, goes without.
const rpcCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  "not-otlp": RPC_CODE.INVALID_ARGUMENT,
  "bad-encoding": RPC_CODE.INVALID_ARGUMENT,
  "unsupported-type": RPC_CODE.INVALID_ARGUMENT,
  "request-timeout": RPC_CODE.CANCELLED,
  "too-large": RPC_CODE.RESOURCE_EXHAUSTED,
  "too-many": RPC_CODE.UNAVAILABLE,
  "not-found": RPC_CODE.UNIMPLEMENTED,
  "method-not-allowed": RPC_CODE.UNIMPLEMENTED,
  "token-needed": RPC_CODE.UNAUTHENTICATED,
  "origin-refused": RPC_CODE.PERMISSION_DENIED,
  "store-not-ready": RPC_CODE.UNAVAILABLE,
  "disk-full": RPC_CODE.RESOURCE_EXHAUSTED,
  "shutting-down": RPC_CODE.UNAVAILABLE,
};

/** Refusal is an error as OTLP tells it. */
export interface Refusal {
  readonly error: ServerError;
  readonly rpcCode: number;
  readonly message: string;
}

/** refusalOf turns anything thrown into what the client is told; an unknown error is ours and says so. */
export function refusalOf(thrown: unknown): Refusal {
  const error =
    thrown instanceof ServerError
      ? thrown
      : new ServerError("internal", `Go3s failed: ${textOf(thrown)}`, { cause: thrown });
  const message = error.hint === "" ? error.message : `${error.message}; ${error.hint}`;
  return { error, rpcCode: rpcCodes[error.code] ?? RPC_CODE.INTERNAL, message };
}

function retryMs(refusal: Refusal): number | undefined {
  const seconds = refusal.error.retryAfterSeconds;
  return seconds === undefined ? undefined : seconds * 1000;
}

/** statusBytes writes google.rpc.Status, with RetryInfo when the client should come back. */
export function statusBytes(refusal: Refusal): Uint8Array {
  const delay = retryMs(refusal);
  const details = delay === undefined ? [] : [retryInfo(delay)];
  return encodeProtobuf(RpcStatus, { code: refusal.rpcCode, message: refusal.message, details });
}

/** statusJson writes the same by proto3's JSON mapping. */
export function statusJson(refusal: Refusal): string {
  return rpcStatusJson(refusal.rpcCode, refusal.message, retryMs(refusal));
}

const nothing = new Uint8Array(0);

/** responseBytes writes Export*ServiceResponse; a full success is the empty message. */
export function responseBytes(signal: OtlpSignal, accepted: Accepted): Uint8Array {
  return accepted.rejected === 0 ? nothing : signal.partialBytes(BigInt(accepted.rejected), accepted.message);
}

/** responseJson writes the same as JSON. */
export function responseJson(signal: OtlpSignal, accepted: Accepted): string {
  return accepted.rejected === 0 ? "{}" : signal.partialJson(BigInt(accepted.rejected), accepted.message);
}
