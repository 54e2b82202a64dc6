import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
} from "@go3s/telemetry";
import type { OtlpRequests } from "./fuse-otlp.js";
import { chanceOf } from "./mutate.js";

const start = 1_700_000_000_000_000_000n;

const pairs = (of: Readonly<Record<string, string | number>>) =>
  Object.entries(of).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: BigInt(value) } : { stringValue: value },
  }));

const resource = {
  attributes: pairs({
    "service.name": "checkout",
    "service.version": "1.42.0",
    "service.instance.id": "5f0c9a52-6f0e-4a5e-9d53-7b6a2a6b9f11",
    "host.name": "node-7.example.com",
    "telemetry.sdk.language": "go",
    "telemetry.sdk.version": "1.30.0",
  }),
};

/**
 * shopRequests are what a service sends in a second: spans of ten attributes, of which two are new each time, a log record for
 * each, and points of request durations by route.
 */
export function shopRequests(spans: number): OtlpRequests {
  const chance = chanceOf(spans);
  const hex = (digits: number): string => {
    let text = "";
    while (text.length < digits) text += Math.floor(chance() * 16).toString(16);
    return text;
  };
  const routes = ["/cart", "/cart/{id}", "/checkout", "/products", "/products/{id}"];
  const each = Array.from({ length: spans }, (_, i) => ({
    traceId: hex(32),
    spanId: hex(16),
    route: routes[Math.floor(chance() * routes.length)] ?? "/",
    user: `user-${hex(8)}`,
    at: start + BigInt(i) * 1_000_000n,
    status: chance() < 0.02 ? 500 : 200,
  }));
  const scope = { name: "go.opentelemetry.io/contrib/net/http", version: "0.60.0" };
  const http = (route: string, status: number) => ({
    "http.request.method": "GET",
    "http.route": route,
    "http.response.status_code": status,
    "server.address": "checkout.shop.svc.cluster.local",
    "server.port": 8080,
    "url.scheme": "https",
    "network.protocol.version": "1.1",
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
  });
  const traces = encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          {
            scope,
            spans: each.map(({ traceId, spanId, route, user, at, status }) => ({
              traceId,
              spanId,
              parentSpanId: hex(16),
              name: `GET ${route}`,
              kind: 2,
              startTimeUnixNano: at,
              endTimeUnixNano: at + BigInt(Math.floor(chance() * 1e7)),
              attributes: pairs({
                ...http(route, status),
                "enduser.id": user,
                "url.path": `${route}?q=${hex(6)}`,
              }),
            })),
          },
        ],
      },
    ],
  });
  const logs = encodeProtobuf(ExportLogsServiceRequest, {
    resourceLogs: [
      {
        resource,
        scopeLogs: [
          {
            scope,
            logRecords: each.map(({ traceId, spanId, route, user, at, status }) => ({
              timeUnixNano: at,
              observedTimeUnixNano: at,
              severityNumber: 9,
              severityText: "INFO",
              body: { stringValue: `handled request of ${user}` },
              traceId,
              spanId,
              attributes: pairs({
                "http.route": route,
                "http.response.status_code": status,
                "code.function.name": "handleRequest",
                "enduser.id": user,
              }),
            })),
          },
        ],
      },
    ],
  });
  const metrics = encodeProtobuf(ExportMetricsServiceRequest, {
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [
          {
            scope,
            metrics: [
              {
                name: "http.server.request.duration",
                unit: "s",
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: routes.flatMap((route) =>
                    [200, 500].map((status) => ({
                      startTimeUnixNano: start,
                      timeUnixNano: start + 1_000_000_000n,
                      attributes: pairs(http(route, status)),
                      count: 15n,
                      sum: chance(),
                      explicitBounds: [0.005, 0.01, 0.025, 0.05, 0.1],
                      bucketCounts: [1n, 2n, 3n, 4n, 5n, 0n],
                    })),
                  ),
                },
              },
              {
                name: "http.server.active_requests",
                sum: {
                  aggregationTemporality: 2,
                  dataPoints: routes.map((route) => ({
                    timeUnixNano: start + 1_000_000_000n,
                    attributes: pairs(http(route, 200)),
                    asInt: 3n,
                  })),
                },
              },
            ],
          },
        ],
      },
    ],
  });
  return { traces, logs, metrics };
}
