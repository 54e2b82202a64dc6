import type { DiagnosisAnswer, PatternsAnswer, RuntimeAnswer } from "@go3s/server";
import { hostile, seeded, spanId, traceId } from "./seeded.js";

// A diagnosis and forms of log lines in exactly the server's shape.

const sql = "SELECT start_time AS time, duration_ns AS p95 FROM traces";
const evidence = (title: string) => ({ title, sql: `${sql} -- ${title.length}`, unit: "ns" as const });

/** diagnosisAnswer finds payment's connections for checkout and payment, and nothing for any other service. */
export function diagnosisAnswer(at: number, service: string): DiagnosisAnswer {
  const range = { from_ms: at - 7_200_000, to_ms: at };
  const common = { service_name: service, operation: "", range, symptom: evidence(`Requests of ${service}`) };
  if (service !== "checkout" && service !== "payment")
    return {
      ...common,
      affected: null,
      baseline: null,
      verdict: "quiet",
      figure: null,
      headline: `No cause found: nothing changed. Requests of ${service} are as fast and fail as rarely as before.`,
      causes: [],
      ruled_out: [],
      looked_at: ["1,204 requests against 1,180 requests of before, in 120 steps"],
    };
  const example = {
    trace_id: traceId(0),
    span_id: spanId(4),
    timestamp_ns: `${at - 60_000}000000`,
    duration_ns: 9.1e8,
  };
  return {
    ...common,
    affected: { from_ms: at - 720_000, to_ms: at },
    baseline: { from_ms: at - 7_200_000, to_ms: at - 720_000 },
    verdict: "cause",
    figure: "latency",
    headline:
      "checkout is slow: 95 % of its requests take up to 340 ms, usually 41 ms; 38 % of them are slower than is usual.",
    causes: [
      {
        kind: "waiting",
        service_name: "payment",
        operation: "POST /v1/charge",
        sentence:
          "payment waits before it calls postgresql, in POST /v1/charge: 312 ms of the 340 ms added (318 ms a request, usually 6 ms); only where service.version of payment is 1.8.3.",
        confidence: "very likely",
        share: 0.92,
        explained_ns: 3.12e8,
        notes: [
          "The call to postgresql itself is as fast as before: what lies before it may be a queue for its connections.",
          `New log line, 204 times: “${hostile}”.`,
        ],
        evidence: [evidence("payment: POST /v1/charge"), evidence("By service.version")],
        examples: [example],
      },
      {
        kind: "network",
        service_name: "checkout",
        operation: "POST",
        sentence: "The way from checkout to payment and back is longer: 24 ms of the 340 ms added.",
        confidence: "possible",
        share: 0.07,
        explained_ns: 2.4e7,
        notes: [],
        evidence: [evidence("On the way from checkout to payment and back")],
        examples: [],
      },
    ],
    ruled_out: ["Traffic: 12/s requests, usually 11.9/s.", "Deploys: no new version of checkout, cart."],
    looked_at: ["404 requests span by span: 5,120 spans of 6 services", "no metrics: none came"],
  };
}

/** patternsAnswer makes forms of lines, one of them new. */
export function patternsAnswer(at: number): PatternsAnswer {
  const random = seeded(5);
  const forms = [
    "handled request #",
    "charge refused: pool exhausted, waited #ms",
    hostile,
    "cache miss for …",
  ];
  return {
    range: { from_ms: at - 3_600_000, to_ms: at },
    buckets: { start_ms: at - 3_600_000, step_ms: 60_000, count: 60 },
    total: 4100,
    more: false,
    patterns: forms.map((template, index) => ({
      template,
      example: template.replaceAll("#", "17"),
      level: index === 1 ? "ERROR" : "INFO",
      services: ["payment", "checkout"].slice(0, 1 + (index % 2)),
      count: Math.round(3000 / (index + 1)),
      before: index === 1 ? 0 : Math.round(2900 / (index + 1)),
      first_ms: at - 600_000,
      last_ms: at - 1000,
      series: Array.from({ length: 60 }, () => Math.round(random() * 40)),
    })),
  };
}

/** runtimeAnswer makes what a Go service tells of itself. */
export function runtimeAnswer(at: number): RuntimeAnswer {
  const random = seeded(9);
  const series = (name: string, labels: string, unit: string, level: number, is_rate = false) => ({
    name,
    labels,
    unit,
    is_rate,
    values: Array.from({ length: 60 }, () => level * (0.8 + 0.4 * random())),
  });
  return {
    range: { from_ms: at - 3_600_000, to_ms: at },
    buckets: { start_ms: at - 3_600_000, step_ms: 60_000, count: 60 },
    series: [
      series("process.cpu.time", "cpu.mode=user", "s", 0.31, true),
      series("process.cpu.time", "cpu.mode=system", "s", 0.08, true),
      series("process.memory.usage", "", "By", 88e6),
      series("go.goroutine.count", "", "{goroutine}", 120),
      series("go.memory.gc.cycles", "", "{gc_cycle}", 0.6, true),
    ],
  };
}
