import { bytes, int32, int64, list, type MessageType, message, string } from "./message.js";
import { encodeProtobuf } from "./protobuf-encode.js";

/** RPC_CODE gives google.rpc.Code's numbers as far as an OTLP receiver answers with them. */
export const RPC_CODE = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** RpcStatus is google.rpc.Status: the body of every OTLP/HTTP error answer. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly RpcDetail[];
}

/** RpcDetail is google.protobuf.Any: a message with its type's address. */
export interface RpcDetail {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

interface Duration {
  readonly seconds: bigint;
  readonly nanos: number;
}

interface RetryInfo {
  readonly retryDelay: Duration;
}

export const RpcDetail: MessageType<RpcDetail> = message<RpcDetail>("google.protobuf.Any", {
  typeUrl: string(1),
  value: bytes(2),
});

export const RpcStatus: MessageType<RpcStatus> = message<RpcStatus>("google.rpc.Status", {
  code: int32(1),
  message: string(2),
  details: list(3, () => RpcDetail),
});

const Duration: MessageType<Duration> = message<Duration>("google.protobuf.Duration", {
  seconds: int64(1),
  nanos: int32(2),
});

const RetryInfo: MessageType<RetryInfo> = message<RetryInfo>("google.rpc.RetryInfo", {
  retryDelay: { number: 1, kind: "message", message: () => Duration, repeated: false, presence: true },
});

const RETRY_INFO_URL = "type.googleapis.com/google.rpc.RetryInfo";

/** retryInfo makes the detail that tells a client after how many milliseconds to send again. */
export function retryInfo(delayMs: number): RpcDetail {
  const whole = Math.floor(delayMs / 1000);
  const retryDelay = { seconds: BigInt(whole), nanos: Math.round((delayMs - whole * 1000) * 1e6) };
  return { typeUrl: RETRY_INFO_URL, value: encodeProtobuf(RetryInfo, { retryDelay }) };
}

/**
 * statusJson writes an error body in protobuf's JSON form. Details keep only their `@type`, plus `retryDelay` when
 * `retryDelayMs` is given: a general Any cannot be written without the type's schema.
 */
export function statusJson(code: number, text: string, retryDelayMs?: number): string {
  const status = { code, message: text };
  if (retryDelayMs === undefined) return JSON.stringify(status);
  const detail = { "@type": RETRY_INFO_URL, retryDelay: `${retryDelayMs / 1000}s` };
  return JSON.stringify({ ...status, details: [detail] });
}
