import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { encodeProtobuf, type Input, WriteRequestV1, WriteRequestV2 } from "@go3s/telemetry";
import { ZipkinExporter } from "@opentelemetry/exporter-zipkin";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { compress } from "snappyjs";
import { type Started, send, start } from "../testing/start.js";

let started: Started;
let otlp = "";

before(async () => {
  started = await start();
  otlp = started.server.addresses.otlp_http;
});
after(() => started.close());

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  await started.store.flush();
  return (await started.store.query(sql)).rows<Record<string, unknown>>();
}

describe("Zipkin", () => {
  test("spans of OpenTelemetry's Zipkin exporter arrive whole", async () => {
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ "service.name": "old-shop" }),
      spanProcessors: [new SimpleSpanProcessor(new ZipkinExporter({ url: `${otlp}/api/v2/spans` }))],
    });
    const tracer = provider.getTracer("peer", "1.2");
    const span = tracer.startSpan("by zipkin", { kind: 2, attributes: { answer: 42 } });
    span.addEvent("half way");
    span.setStatus({ code: 2, message: "no luck" });
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    const { traceId, spanId } = span.spanContext();
    assert.deepEqual(
      await rows(
        "SELECT trace_id, span_id, service_name, kind, status_code, status_message, attributes['answer'] AS answer, events[1].2 AS event FROM traces WHERE operation = 'by zipkin'",
      ),
      [
        {
          trace_id: traceId,
          span_id: spanId,
          service_name: "old-shop",
          kind: "CLIENT",
          status_code: "ERROR",
          status_message: "no luck",
          answer: "42",
          event: "half way",
        },
      ],
    );
  });

  const post = (body: string, type = "application/json") =>
    send(`${otlp}/api/v2/spans`, { method: "POST", headers: { "content-type": type }, body });

  test("short trace ids are filled up, peers are kept", async () => {
    const answer = await post(
      JSON.stringify([
        {
          traceId: "463ac35c9f6413ad",
          id: "a2fb4a1d1a96d312",
          name: "short",
          timestamp: 1_700_000_000_000_000,
          duration: 1500,
          localEndpoint: { serviceName: "front" },
          remoteEndpoint: { serviceName: "back", ipv4: "10.1.2.3", port: 8080 },
        },
      ]),
    );
    assert.equal(answer.status, 202);
    assert.deepEqual(
      await rows(
        "SELECT trace_id, duration_ns, attributes['peer.service'] AS peer, attributes['network.peer.port'] AS port FROM traces WHERE operation = 'short'",
      ),
      [{ trace_id: "0000000000000000463ac35c9f6413ad", duration_ns: 1_500_000, peer: "back", port: "8080" }],
    );
  });

  for (const [name, body, says] of [
    ["no JSON", "[{", /no JSON/],
    ["no list", "{}", /no list of spans/],
    ["no id", '[{"traceId":"463ac35c9f6413ad"}]', /span 0: id is not 16 hex/],
    ["a foreign id", '[{"traceId":"x63ac35c9f6413ad","id":"a2fb4a1d1a96d312"}]', /span 0: traceId/],
    [
      "a time that is none",
      '[{"traceId":"463ac35c9f6413ad","id":"a2fb4a1d1a96d312","timestamp":"now"}]',
      /timestamp/,
    ],
    [
      "tags that are none",
      '[{"traceId":"463ac35c9f6413ad","id":"a2fb4a1d1a96d312","tags":[1]}]',
      /tags is no object/,
    ],
  ] as const) {
    test(`${name} is refused with its place`, async () => {
      const answer = await post(body);
      assert.equal(answer.status, 400);
      assert.match(answer.body.toString(), says);
    });
  }

  test("another type is refused", async () => {
    assert.equal((await post("[]", "application/x-thrift")).status, 415);
    assert.equal((await send(`${otlp}/api/v2/spans`)).status, 405);
  });
});

describe("Prometheus remote write", () => {
  const now = Date.now();

  const bits = (value: number): bigint => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    return view.getBigUint64(0);
  };
  const write = (body: Uint8Array, type = "application/x-protobuf") =>
    send(`${otlp}/api/v1/write`, {
      method: "POST",
      headers: { "content-type": type, "content-encoding": "snappy" },
      body,
    });
  const v2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

  test("series arrive as Prometheus sends them (1.0)", async () => {
    const labels = (given: Readonly<Record<string, string>>) =>
      Object.entries({ job: "ns/worker", instance: "host:1", ...given }).map(([name, value]) => ({
        name,
        value,
      }));
    const request: Input<WriteRequestV1> = {
      timeseries: [
        {
          labels: labels({ __name__: "queue_depth", queue: "a" }),
          samples: [{ value: bits(7.5), timestamp: BigInt(now) }],
        },
        {
          labels: labels({ __name__: "jobs_total" }),
          samples: [
            { value: bits(1), timestamp: BigInt(now - 1000) },
            { value: bits(2), timestamp: BigInt(now) },
          ],
        },
      ],
    };
    assert.equal((await write(compress(encodeProtobuf(WriteRequestV1, request)))).status, 204);
    assert.deepEqual(
      await rows(
        "SELECT name, type, is_monotonic, value, service_name, attributes['queue'] AS queue, resource_attributes['service.namespace'] AS ns, resource_attributes['service.instance.id'] AS instance FROM metrics WHERE service_name = 'worker' ORDER BY name DESC, value",
      ),
      [
        { name: "queue_depth", type: "gauge", is_monotonic: 0, value: 7.5, queue: "a" },
        { name: "jobs_total", type: "sum", is_monotonic: 1, value: 1, queue: "" },
        { name: "jobs_total", type: "sum", is_monotonic: 1, value: 2, queue: "" },
      ].map((each) => ({
        name: each.name,
        type: each.type,
        is_monotonic: each.is_monotonic,
        value: each.value,
        service_name: "worker",
        queue: each.queue,
        ns: "ns",
        instance: "host:1",
      })),
    );
  });

  test("2.0: symbols, metadata, native histograms, exemplars, and what was written is told", async () => {
    const symbols = [
      "",
      "__name__",
      "latency",
      "job",
      "api",
      "seconds",
      "how long",
      "trace_id",
      "0af7651916cd43dd8448eb211c80319c",
      "ends",
    ];
    const request: Input<WriteRequestV2> = {
      symbols,
      timeseries: [
        {
          labelsRefs: [1, 2, 3, 4],
          metadata: { type: 3, helpRef: 6, unitRef: 5 },
          createdTimestamp: BigInt(now - 60_000),
          histograms: [
            {
              countInt: 7n,
              sum: bits(12.5),
              schema: 1,
              zeroCountInt: 1n,
              zeroThreshold: 0.001,
              positiveSpans: [
                { offset: -1, length: 2 },
                { offset: 1, length: 1 },
              ],
              // 1, 3, 2 as differences +1, +2, -1 in zigzag.
              positiveDeltas: [2n, 4n, 1n],
              timestamp: BigInt(now),
            },
          ],
        },
        {
          labelsRefs: [1, 9, 3, 4],
          metadata: { type: 1 },
          samples: [
            { value: bits(3), timestamp: BigInt(now - 1000) },
            { value: 0x7ff0000000000002n, timestamp: BigInt(now) },
          ],
          exemplars: [{ labelsRefs: [7, 8], value: 0.5, timestamp: BigInt(now) }],
        },
      ],
    };
    const answer = await write(compress(encodeProtobuf(WriteRequestV2, request)), v2);
    assert.equal(answer.status, 204);
    assert.equal(answer.headers["x-prometheus-remote-write-samples-written"], "2");
    assert.equal(answer.headers["x-prometheus-remote-write-histograms-written"], "1");
    assert.equal(answer.headers["x-prometheus-remote-write-exemplars-written"], "1");
    assert.deepEqual(
      await rows(
        "SELECT type, unit, description, count, sum, scale, zero_count, positive_offset, positive_bucket_counts, timestamp_ns - start_timestamp_ns AS age FROM metrics WHERE name = 'latency'",
      ),
      [
        {
          type: "exponential_histogram",
          unit: "seconds",
          description: "how long",
          count: 7,
          sum: 12.5,
          scale: 1,
          zero_count: 1,
          positive_offset: -2,
          positive_bucket_counts: [1, 3, 0, 2],
          age: 60_000_000_000,
        },
      ],
    );
    // The end of a series is a point without a value.
    assert.deepEqual(
      await rows("SELECT value, flags FROM metrics WHERE name = 'ends' ORDER BY timestamp_ns"),
      [
        { value: 3, flags: 0 },
        { value: 0, flags: 1 },
      ],
    );
  });

  test("metadata of 1.0 tells a type that the name does not", async () => {
    const request: Input<WriteRequestV1> = {
      metadata: [{ type: 1, metricFamilyName: "things", help: "made", unit: "" }],
      timeseries: [
        {
          labels: [{ name: "__name__", value: "things" }],
          samples: [{ value: bits(1), timestamp: BigInt(now) }],
        },
      ],
    };
    assert.equal((await write(compress(encodeProtobuf(WriteRequestV1, request)))).status, 204);
    assert.deepEqual(await rows("SELECT type, description FROM metrics WHERE name = 'things'"), [
      { type: "sum", description: "made" },
    ]);
  });

  test("what is wrong is told, with statuses that say not to send it again", async () => {
    const plain = await write(Buffer.from("not snappy at all"));
    assert.equal(plain.status, 400);
    assert.match(plain.body.toString(), /Snappy/);
    assert.equal((await write(compress(Buffer.from([0xff, 0xff, 0xff])))).status, 400);
    const other = await write(
      compress(new Uint8Array(0)),
      "application/x-protobuf;proto=io.prometheus.write.v3.Request",
    );
    assert.equal(other.status, 415);
    // A length of 2 GB in a head of five bytes.
    assert.equal((await write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0))).status, 413);
  });
});
