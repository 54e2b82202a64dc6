import type { ExportTraceServiceRequest } from "@go3s/telemetry";

/** Every fifth id stays what it is, mostly of a wrong length; the others are made valid. */
function mended(id: string, digits: number): string {
  return id.length % 5 === 4 ? id : `${id}abcdef0123456789abcdef0123456789`.slice(0, digits);
}

/** withIds makes most ids of a random request valid, so that its spans are not all rejected. */
export function withIds(request: ExportTraceServiceRequest): ExportTraceServiceRequest {
  return {
    resourceSpans: request.resourceSpans.map((resource) => ({
      ...resource,
      scopeSpans: resource.scopeSpans.map((scope) => ({
        ...scope,
        spans: scope.spans.map((span) => ({
          ...span,
          traceId: mended(span.traceId, 32),
          spanId: mended(span.spanId, 16),
          parentSpanId: span.parentSpanId === "" ? "" : mended(span.parentSpanId, 16),
        })),
      })),
    })),
  };
}
