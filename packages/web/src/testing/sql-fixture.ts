import type { JSONCompactAnswer } from "@go3s/server";
import { serviceNames } from "./seeded.js";

/** sqlAnswer makes a result that is a plot by its shape. */
export function sqlAnswer(at: number): JSONCompactAnswer {
  return {
    meta: [
      { name: "time", type: "DateTime" },
      { name: "service_name", type: "LowCardinality(String)" },
      { name: "p99_ms", type: "Float64" },
    ],
    data: Array.from({ length: 120 }, (_, index) => [
      new Date(at - Math.floor(index / 2) * 60_000).toISOString().slice(0, 19).replace("T", " "),
      serviceNames[index % 2] ?? "",
      12 + (index % 7),
    ]),
    rows: 120,
    statistics: { elapsed: 0.012, rows_read: 48_000, bytes_read: 910_000 },
  };
}
