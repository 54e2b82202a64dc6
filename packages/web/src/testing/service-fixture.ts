import type { OperationRow, ServiceAnswer, ServiceRow, ServicesAnswer } from "@go3s/server";
import { bucketsOf, hostile, rangeOf, red, seeded, serviceNames, spanId, traceId, wave } from "./seeded.js";

/** servicesAnswer makes ten services; checkout fails more than usual, payment is slower than usual. */
export function servicesAnswer(at: number): ServicesAnswer {
  const random = seeded(7);
  const services: ServiceRow[] = serviceNames.map((service_name, index) => {
    const own = red(random, 30 / (index + 1));
    return {
      ...own,
      service_name,
      last_seen_ms: at - Math.round(random() * 20_000),
      spark: {
        rate: wave(random, own.rate),
        errors: wave(random, own.errors / 3600, service_name === "checkout" ? 14 : 1),
        p99_ns: wave(random, own.p99_ns, service_name === "payment" ? 6 : 1),
      },
    };
  });
  return { range: rangeOf(at), buckets: bucketsOf(at), services, last_seen_ms: at };
}

/** serviceAnswer makes one service. */
export function serviceAnswer(at: number, service_name: string): ServiceAnswer {
  const random = seeded(service_name.length * 31);
  const own = red(random, 12);
  const operations: OperationRow[] = [
    "GET /cart/{id}",
    "POST /checkout",
    "GET /products",
    "GET /healthz",
    hostile,
  ].map((operation, index) => ({ ...red(random, 6 / (index + 1)), operation, kind: "SERVER" }));
  const example = (index: number) => ({
    trace_id: traceId(index),
    span_id: spanId(index),
    operation: operations[index % 4]?.operation ?? "",
    timestamp_ns: `${at - index * 31_000}000000`,
    duration_ns: 9e8 / (index + 1),
    status_code: "UNSET" as const,
    status_message: "",
  });
  const neighbour = (name: string) => ({ ...red(random, 3), name, kind: "service" as const });
  return {
    ...own,
    service_name,
    range: rangeOf(at),
    buckets: bucketsOf(at),
    last_seen_ms: at,
    series: {
      rate: wave(random, own.rate),
      errors: wave(random, own.errors / 3600),
      p50_ns: wave(random, own.p50_ns),
      p95_ns: wave(random, own.p95_ns),
      p99_ns: wave(random, own.p99_ns),
    },
    operations,
    slowest: Array.from({ length: 6 }, (_, index) => example(index)),
    failing: Array.from({ length: 3 }, (_, index) => ({
      ...example(index + 6),
      status_code: "ERROR" as const,
      status_message: "deadline",
    })),
    deploys: [{ key: "service.version", value: "1.8.3", first_ms: at - 600_000 }],
    callers: [neighbour("frontend")],
    callees: ["payment", "cart", "shipping"].map(neighbour),
  };
}
