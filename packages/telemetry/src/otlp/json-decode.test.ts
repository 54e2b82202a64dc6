import assert from "node:assert/strict";
import { test } from "node:test";
import { TelemetryError } from "../errors.js";
import { AnyValue } from "./common.js";
import { decodeJson } from "./json-decode.js";
import { jsonToProtobuf } from "./json-to-protobuf.js";
import { ExportLogsServiceRequest, LogRecord } from "./logs.js";
import type { MessageType } from "./message.js";
import { ExportMetricsServiceRequest } from "./metrics.js";
import { decodeProtobuf } from "./protobuf-decode.js";
import { encodeProtobuf } from "./protobuf-encode.js";
import { ExportTraceServiceRequest, Span } from "./trace.js";

const RESOURCE = {
  attributes: [{ key: "service.name", value: { stringValue: "checkout" } }],
};
const SCOPE = { name: "shop.http", version: "2.1.0" };

function refuses(act: () => unknown, why: RegExp): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof TelemetryError);
    assert.equal(error.code, "malformed-json");
    assert.match(error.message, why);
    return true;
  });
}

test("a trace request as SDKs write it: upper-case ids, times as strings", () => {
  const request = decodeJson(
    ExportTraceServiceRequest,
    JSON.stringify({
      resourceSpans: [
        {
          resource: RESOURCE,
          scopeSpans: [
            {
              scope: SCOPE,
              spans: [
                {
                  traceId: "0AF7651916CD43DD8448EB211C80319C",
                  spanId: "B7AD6B7169203331",
                  parentSpanId: "00F067AA0BA902B7",
                  name: "GET /cart/{id}",
                  kind: 2,
                  startTimeUnixNano: "1790000000123456789",
                  endTimeUnixNano: "1790000000223456789",
                  attributes: [{ key: "http.response.status_code", value: { intValue: "200" } }],
                  status: { code: 2, message: "no such cart" },
                  fromALaterVersion: { x: 1 },
                },
              ],
            },
          ],
        },
      ],
    }),
  );
  const span = request.resourceSpans[0]?.scopeSpans[0]?.spans[0];
  assert.ok(span !== undefined);
  assert.equal(span.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(span.startTimeUnixNano, 1790000000123456789n);
  assert.deepEqual(span.attributes, [{ key: "http.response.status_code", value: { intValue: 200n } }]);
  assert.deepEqual(span.status, { code: 2, message: "no such cart" });
  assert.equal("fromALaterVersion" in span, false);
  assert.deepEqual(
    decodeProtobuf(ExportTraceServiceRequest, encodeProtobuf(ExportTraceServiceRequest, request)),
    request,
  );
});

test("a log request with every kind of value in the attributes", () => {
  const values = [
    { stringValue: "text" },
    { boolValue: false },
    { intValue: -7 },
    { doubleValue: 1.5 },
    { doubleValue: "NaN" },
    { arrayValue: { values: [{ stringValue: "a" }, { intValue: "9007199254740993" }] } },
    { kvlistValue: { values: [{ key: "k", value: { bytesValue: "AQID" } }] } },
    {},
  ];
  const request = decodeJson(
    ExportLogsServiceRequest,
    JSON.stringify({
      resourceLogs: [
        {
          resource: RESOURCE,
          scopeLogs: [
            {
              scope: SCOPE,
              logRecords: [
                {
                  timeUnixNano: "1790000000000000001",
                  observedTimeUnixNano: "1790000000000000002",
                  severityNumber: 17,
                  severityText: "Error",
                  eventName: "cart.lost",
                  body: { stringValue: "cart lost" },
                  attributes: values.map((value, i) => ({ key: `k${i}`, value })),
                },
              ],
            },
          ],
        },
      ],
    }),
  );
  const record = request.resourceLogs[0]?.scopeLogs[0]?.logRecords[0];
  assert.deepEqual(
    record?.attributes.map(({ value }) => value),
    [
      { stringValue: "text" },
      { boolValue: false },
      { intValue: -7n },
      { doubleValue: 1.5 },
      { doubleValue: Number.NaN },
      { arrayValue: { values: [{ stringValue: "a" }, { intValue: 9007199254740993n }] } },
      { kvlistValue: { values: [{ key: "k", value: { bytesValue: Uint8Array.of(1, 2, 3) } }] } },
      {},
    ],
  );
});

test("a metric request with the five kinds of points", () => {
  const point = { startTimeUnixNano: "1", timeUnixNano: "2" };
  const request = decodeJson(
    ExportMetricsServiceRequest,
    JSON.stringify({
      resourceMetrics: [
        {
          resource: RESOURCE,
          scopeMetrics: [
            {
              scope: SCOPE,
              metrics: [
                { name: "a", unit: "1", gauge: { dataPoints: [{ ...point, asDouble: 0.5 }] } },
                {
                  name: "b",
                  sum: {
                    aggregationTemporality: 2,
                    isMonotonic: true,
                    dataPoints: [
                      { ...point, asInt: "5", exemplars: [{ asInt: 3, spanId: "B7AD6B7169203331" }] },
                    ],
                  },
                },
                {
                  name: "c",
                  histogram: {
                    aggregationTemporality: 1,
                    dataPoints: [
                      {
                        ...point,
                        count: 2,
                        sum: 2,
                        bucketCounts: [1, "1"],
                        explicitBounds: [1],
                        min: 0,
                        max: 2,
                      },
                    ],
                  },
                },
                {
                  name: "d",
                  exponentialHistogram: {
                    aggregationTemporality: 1,
                    dataPoints: [
                      {
                        ...point,
                        count: "3",
                        scale: -1,
                        zeroCount: 1,
                        positive: { offset: -1, bucketCounts: [0, "2"] },
                      },
                    ],
                  },
                },
                {
                  name: "e",
                  summary: {
                    dataPoints: [
                      { ...point, count: 1, sum: 1, quantileValues: [{ quantile: 0.5, value: 1 }] },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
    }),
  );
  const metrics = request.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
  assert.equal(metrics[0]?.gauge?.dataPoints[0]?.asDouble, 0.5);
  assert.equal(metrics[1]?.sum?.dataPoints[0]?.exemplars[0]?.asInt, 3n);
  assert.deepEqual(metrics[2]?.histogram?.dataPoints[0]?.bucketCounts, [1n, 1n]);
  assert.deepEqual(metrics[3]?.exponentialHistogram?.dataPoints[0]?.positive, {
    offset: -1,
    bucketCounts: [0n, 2n],
  });
  assert.equal(metrics[3]?.exponentialHistogram?.dataPoints[0]?.sum, undefined);
  assert.deepEqual(metrics[4]?.summary?.dataPoints[0]?.quantileValues, [{ quantile: 0.5, value: 1 }]);
});

test("errors name the place", () => {
  const text = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"},{"traceId":"xyz"}]}]}]}';
  for (const read of [decodeJson, jsonToProtobuf]) {
    refuses(
      () => read(ExportTraceServiceRequest, text),
      /resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]\.traceId: "xyz" is not hex/,
    );
  }
});

const REFUSED: readonly (readonly [MessageType<unknown>, string, RegExp])[] = [
  [Span, "{", /JSON/],
  [Span, "[]", /the top/],
  [Span, "null", /the top/],
  [Span, '{"kind":"SPAN_KIND_SERVER"}', /kind/],
  [Span, '{"kind":"2"}', /kind/],
  [Span, '{"attributes":{}}', /a list is needed/],
  [Span, '{"startTimeUnixNano":"-1"}', /startTimeUnixNano/],
  [Span, '{"startTimeUnixNano":1.5}', /startTimeUnixNano/],
  [Span, '{"startTimeUnixNano":"18446744073709551616"}', /startTimeUnixNano/],
  [Span, '{"flags":4294967296}', /flags/],
  [AnyValue, '{"stringValue":"a","boolValue":true}', /is set too/],
  [AnyValue, '{"bytesValue":"a b"}', /bytesValue/],
];

for (const [type, text, why] of REFUSED) {
  test(`not OTLP/JSON: ${type.name} ${text}`, () => {
    refuses(() => decodeJson(type, text), why);
    refuses(() => jsonToProtobuf(type, text), why);
  });
}

test("snake_case names are unknown names, null is absent, and __proto__ is just a name", () => {
  const record = decodeJson(LogRecord, '{"severity_number":9,"severityText":null,"__proto__":{"flags":1}}');
  assert.equal(record.severityNumber, 0);
  assert.equal(record.severityText, "");
  assert.equal(record.flags, 0);
});

test("nesting without end is refused", () => {
  const text = `${'{"arrayValue":{"values":['.repeat(200)}${"]}}".repeat(200)}`;
  assert.throws(
    () => decodeJson(AnyValue, text),
    (error: unknown) => error instanceof TelemetryError && error.code === "nested-too-deep",
  );
});
