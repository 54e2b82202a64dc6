import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { type Started, start } from "../testing/start.js";

let started: Started;

before(async () => {
  started = await start();
});
after(() => started.close());

const exporters: readonly { readonly name: string; readonly make: () => SpanExporter }[] = [
  {
    name: "HTTP/protobuf",
    make: () => new HttpExporter({ url: `${started.server.addresses.otlp_http}/v1/traces` }),
  },
  { name: "gRPC", make: () => new GrpcExporter({ url: `http://${started.server.addresses.otlp_grpc}` }) },
];

for (const { name, make } of exporters) {
  test(`spans of OpenTelemetry's own SDK arrive over ${name}`, async () => {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(make())] });
    const span = provider
      .getTracer("peer")
      .startSpan(`made over ${name}`, { attributes: { answer: 42, ok: true } });
    span.addEvent("half way");
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    await started.store.flush();
    const result = await started.store.query(
      "SELECT trace_id, span_id, attributes['answer'] AS answer, events[1].2 AS event FROM traces WHERE operation = {name:String}",
      { params: { name: `made over ${name}` } },
    );
    const { traceId, spanId } = span.spanContext();
    assert.deepEqual(await result.rows(), [
      { trace_id: traceId, span_id: spanId, answer: "42", event: "half way" },
    ]);
  });
}
