import type { FacetsAnswer, FieldsAnswer, LogRow, LogsAnswer } from "@go3s/server";
import { bucketsOf, hostile, rangeOf, seeded, serviceNames, spanId, traceId, wave } from "./seeded.js";

/** logsAnswer makes lines, newest first; `before` continues below. */
export function logsAnswer(at: number, limit: number, before: string | null, extra = 0): LogsAnswer {
  const start = before === null ? -extra : Number(before) + 1;
  const total = 3000;
  const levels = ["INFO", "INFO", "DEBUG", "INFO", "WARN", "ERROR"] as const;
  const rows: LogRow[] = [];
  for (let index = start; index < Math.min(total, start + limit); index++) {
    const level = levels[Math.abs(index * 7) % levels.length] ?? "INFO";
    rows.push({
      cursor: String(index),
      timestamp_ns: `${at - index * 900}000000`,
      service_name: serviceNames[Math.abs(index * 3) % serviceNames.length] ?? "",
      level,
      severity_text: level,
      event_name: "",
      body:
        index === 4
          ? hostile
          : level === "ERROR"
            ? `payment refused: card ${index} expired`
            : `handled request ${index} in 12ms`,
      trace_id: index % 2 === 0 ? traceId(index) : "",
      span_id: index % 2 === 0 ? spanId(1) : "",
      attributes: { "http.route": "/checkout", "thread.id": String(index % 8) },
    });
  }
  const count = wave(seeded(5), 55).map(Math.round);
  return {
    range: rangeOf(at),
    rows,
    more: start + limit < total,
    histogram: { buckets: bucketsOf(at), count, errors: count.map((value) => Math.round(value / 10)) },
    last_seen_ms: at,
  };
}

/** facetsAnswer makes values beside a result. */
export function facetsAnswer(at: number): FacetsAnswer {
  return {
    range: rangeOf(at),
    sampled: 10_000,
    facets: [
      {
        key: "service",
        values: serviceNames
          .slice(0, 6)
          .map((value, index) => ({ value, count: 900 - index * 120, lift: index === 1 ? 3.2 : 1 })),
      },
      {
        key: "http.route",
        values: ["/cart/{id}", "/checkout", hostile].map((value) => ({ value, count: 70, lift: 1 })),
      },
      { key: "status", values: [{ value: "error", count: 31, lift: 1 }] },
    ],
  };
}

/** fieldsAnswer makes the known keys. */
export const fieldsAnswer: FieldsAnswer = {
  fields: ["service", "operation", "duration", "status", "http.route"].map((key) => ({
    key,
    source: key.includes(".") ? "attribute" : "column",
    type: key === "duration" ? "duration" : "text",
    count: 100,
    detail: "",
  })),
};
