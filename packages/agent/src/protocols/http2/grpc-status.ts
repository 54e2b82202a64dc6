/** grpcCodes are gRPC's statuses by number (https://grpc.io/docs/guides/status-codes/). */
export const grpcCodes: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

// What is the server's own failure; the others are answers that its caller has to live with
// (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#grpc-status).
const serverErrors: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** grpcError is the error.type of a status; "" where the conventions see no error on that side. */
export function grpcError(code: number, isServer: boolean): string {
  if (code <= 0 || (isServer && !serverErrors.has(code) && code < grpcCodes.length)) return "";
  return grpcCodes[code] ?? String(code);
}
