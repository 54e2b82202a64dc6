import type { TraceRow, TracesAnswer } from "@go3s/server";
import { bucketsOf, hostile, rangeOf, seeded, serviceNames, spanId, traceId, wave } from "./seeded.js";

/** tracesAnswer makes a list of traces, one of them a minute long. */
export function tracesAnswer(at: number, limit: number): TracesAnswer {
  const random = seeded(11);
  const total = 260;
  const traces: TraceRow[] = Array.from({ length: Math.min(limit, total) }, (_, index) => ({
    trace_id: traceId(index),
    root_service: "frontend",
    root_operation:
      index === 3 ? hostile : (["GET /cart", "POST /checkout", "GET /products"][index % 3] ?? ""),
    root_missing: index === 5,
    start_ns: `${at - index * 2300}123456`,
    duration_ns: index === 2 ? 6.1e10 : Math.round(1e6 * 10 ** (random() * 2.4)),
    spans: 4 + Math.floor(random() * 40),
    errors: index % 9 === 0 ? 1 : 0,
    services: serviceNames.slice(0, 1 + Math.floor(random() * 7)),
    matched: 1 + Math.floor(random() * 4),
    matched_span_id: spanId(1),
  }));
  const count = wave(random, 900).map(Math.round);
  return {
    range: rangeOf(at),
    traces,
    more: limit < total,
    histogram: {
      buckets: bucketsOf(at),
      count,
      errors: count.map((value, index) => (index > 50 ? Math.round(value / 12) : 0)),
    },
    last_seen_ms: at,
  };
}
