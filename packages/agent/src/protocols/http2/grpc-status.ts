// gRPC's statuses by number (https://grpc.io/docs/guides/status-codes/).
const grpcCodes: readonly string[] = [
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

/** grpcCode is a status as rpc.response.status_code has it. */
export const grpcCode = (status: number): string => grpcCodes[status] ?? String(status);

/** grpcError is the error.type of a status; "" where the conventions see no error on that side. */
export function grpcError(code: number, isServer: boolean): string {
  if (code <= 0 || (isServer && !serverErrors.has(code) && code < grpcCodes.length)) return "";
  return grpcCode(code);
}

/** grpcErrorOf is the same of a status in words. */
export function grpcErrorOf(code: string, isServer: boolean): string {
  const known = grpcCodes.indexOf(code);
  return known < 0 ? code : grpcError(known, isServer);
}
