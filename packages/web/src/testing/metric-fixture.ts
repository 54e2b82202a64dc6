import { seeded, serviceNames, traceId } from "./seeded.js";

// Prometheus' API with made answers: 10,000 names, some series, exemplars, and a mistake where an expression has `((`.

const names = [
  "http_server_request_duration_seconds_bucket",
  "http_server_request_duration_seconds_count",
  "process_memory_usage_bytes",
  ...Array.from({ length: 9_997 }, (_, at) => `made_metric_${at}`),
];

/** PrometheusAnswer is what is sent. */
export interface PrometheusAnswer {
  readonly status: "success" | "error";
  readonly data?: unknown;
  readonly error?: string;
  readonly errorType?: string;
}

const success = (data: unknown): PrometheusAnswer => ({ status: "success", data });

/** prometheusAnswer answers one address. */
export function prometheusAnswer(url: URL, at: number, empty: boolean): PrometheusAnswer {
  const path = url.pathname.slice("/prometheus/api/v1/".length);
  const query = url.searchParams.get("query") ?? "";
  const place = query.indexOf("((");
  if (place >= 0) {
    return { status: "error", errorType: "bad_data", error: `1:${place + 2}: parse error: unexpected "("` };
  }
  if (path === "label/__name__/values") return success(empty ? [] : names);
  if (path.startsWith("label/")) return success(serviceNames);
  if (path === "labels") return success(["__name__", "http_route", "job", "le"]);
  if (path === "metadata") {
    return success({
      http_server_request_duration_seconds: [{ type: "histogram", help: "Duration of requests", unit: "" }],
      process_memory_usage_bytes: [{ type: "gauge", help: "Memory in use", unit: "" }],
    });
  }
  if (path === "query_range") return success({ resultType: "matrix", result: empty ? [] : series(url) });
  if (path === "query") {
    return success({
      resultType: "vector",
      result: serviceNames.map((job, index) => ({ metric: { job }, value: [at / 1000, String(index / 7)] })),
    });
  }
  if (path === "query_exemplars") {
    return success([
      {
        seriesLabels: { job: "cart" },
        exemplars: [0, 1, 2].map((index) => ({
          labels: { trace_id: traceId(index) },
          value: "0.4",
          timestamp: at / 1000 - 600 * (index + 1),
        })),
      },
    ]);
  }
  return { status: "error", errorType: "not_found", error: "not here" };
}

function series(url: URL): readonly unknown[] {
  const [start, end, step] = ["start", "end", "step"].map((name) => Number(url.searchParams.get(name)));
  if (start === undefined || end === undefined || step === undefined || !(step > 0)) return [];
  const random = seeded(5);
  const many = url.searchParams.get("query") === "many" ? 2_000 : serviceNames.length;
  return Array.from({ length: many }, (_, index) => ({
    metric: {
      job: serviceNames[index % serviceNames.length],
      ...(many > 10 ? { index: String(index) } : {}),
    },
    values: Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, at) => [
      start + at * step,
      String(0.1 + random() * 0.2 + (index % 10) / 20),
    ]),
  }));
}
