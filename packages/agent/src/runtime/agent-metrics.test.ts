import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeProtobuf,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  type Metric,
  type Span,
} from "@go3s/telemetry";
import type { Exporter } from "../export/exporter.js";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { type ObservedService, whileObserved } from "../testing/observed-service.js";
import { eventually } from "../testing/wait.js";

const skip = whyNoLiveTests();

interface Kept {
  readonly exporter: Exporter;
  readonly spans: Span[];
  /** metrics has the last of each name and its service. */
  readonly metrics: Map<string, Metric>;
  readonly services: Set<string>;
}

function keeper(): Kept {
  const spans: Span[] = [];
  const metrics = new Map<string, Metric>();
  const services = new Set<string>();
  const exporter: Exporter = {
    send(signal, body, _items, done) {
      if (signal === "traces") {
        for (const group of decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans)
          for (const scope of group.scopeSpans) spans.push(...scope.spans);
      } else if (signal === "metrics") {
        for (const { resource, scopeMetrics } of decodeProtobuf(ExportMetricsServiceRequest, body)
          .resourceMetrics) {
          const name = resource?.attributes.find(({ key }) => key === "service.name")?.value?.stringValue;
          services.add(name ?? "");
          for (const scope of scopeMetrics)
            for (const metric of scope.metrics) metrics.set(metric.name, metric);
        }
      }
      done?.();
    },
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  };
  return { exporter, spans, metrics, services };
}

test("a watched Go service's figures and request durations come as metrics, with the traces of the slowest", {
  skip,
}, async () => {
  const kept = keeper();
  const ask = async ({ client }: ObservedService): Promise<void> => {
    for (let id = 1; id <= 10; id++) await client.get(`/users/${id}`);
    await client.get("/users/20");
    await eventually("the process's metrics", () => kept.metrics.has("go.goroutine.count"));
    await eventually("the requests' spans", () => kept.spans.length >= 11);
  };
  await whileObserved(
    buildGoService(),
    ask,
    { exporter: kept.exporter, metrics: true },
    { OTEL_SERVICE_NAME: "metrics-test" },
  );
  assert.deepEqual([...kept.services], ["metrics-test"]);
  for (const name of ["go.memory.used", "go.memory.allocated", "process.cpu.time", "process.thread.count"])
    assert.ok(kept.metrics.has(name), name);
  assert.ok(numberOf(kept.metrics.get("go3s.goroutines.count")) > 0n);
  assert.ok(numberOf(kept.metrics.get("process.unix.file_descriptor.count")) > 3n);

  const durations = kept.metrics.get("http.server.request.duration");
  assert.equal(durations?.unit, "s");
  const points = durations.exponentialHistogram?.dataPoints ?? [];
  const counts = new Map(
    points.map(({ attributes, count }) => [
      attributes.map(({ value }) => value?.stringValue ?? String(value?.intValue)).join(" "),
      count,
    ]),
  );
  assert.equal(counts.get("GET http /users/{id} 200"), 10n);
  assert.equal(counts.get("GET http /users/{id} 500 500"), 1n);
  const known = new Set(kept.spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
  for (const { exemplars, sum, max } of points) {
    const [exemplar] = exemplars;
    assert.ok(exemplar !== undefined && known.has(`${exemplar.traceId} ${exemplar.spanId}`));
    assert.ok((exemplar.asDouble ?? 0) > 0 && (exemplar.asDouble ?? 0) <= (max ?? 0));
    assert.ok((sum ?? 0) >= (max ?? 0));
  }
});

const numberOf = (metric: Metric | undefined): bigint =>
  (metric?.gauge ?? metric?.sum)?.dataPoints[0]?.asInt ?? -1n;
