import type { Span } from "@go3s/telemetry";

const kinds = ["?", "internal", "server", "client"];

/** spanPath names a span and those it comes from, as far as they are there: "server GET /a > client GET". */
export function spanPath(span: Span, spans: readonly Span[]): string {
  const parent = spans.find((each) => each.spanId === span.parentSpanId && each.traceId === span.traceId);
  const own = `${kinds[Number(span.kind)]} ${span.name}`;
  return parent === undefined ? own : `${spanPath(parent, spans)} > ${own}`;
}
