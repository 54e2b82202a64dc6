import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  decodeProtobuf,
  ExportTraceServiceRequest,
  encodeProtobuf,
  type Input,
  type KeyValue,
} from "@go3s/telemetry";
import { type Started, send, start } from "../testing/start.js";

const id = "5a".repeat(16);
const startTime = BigInt(Date.now() - 60_000) * 1_000_000n;
const attributes: Input<KeyValue>[] = [
  { key: "string", value: { stringValue: "5" } },
  { key: "no text", value: { stringValue: "" } },
  { key: "int", value: { intValue: 5n } },
  { key: "least", value: { intValue: -(2n ** 63n) } },
  { key: "double", value: { doubleValue: 5 } },
  { key: "half", value: { doubleValue: 0.5 } },
  { key: "minus zero", value: { doubleValue: -0 } },
  { key: "infinite", value: { doubleValue: Number.NEGATIVE_INFINITY } },
  { key: "true", value: { boolValue: true } },
  { key: "false", value: { boolValue: false } },
  { key: "bytes", value: { bytesValue: Buffer.of(0, 255, 128) } },
  { key: "no bytes", value: { bytesValue: Buffer.of() } },
  { key: "empty", value: {} },
  { key: "texts", value: { arrayValue: { values: [{ stringValue: "a" }, { stringValue: '"]' }] } } },
  {
    key: "mixed",
    value: {
      arrayValue: { values: [{ intValue: 2n ** 60n }, { doubleValue: 1 }, { boolValue: true }, {}] },
    },
  },
  {
    key: "map",
    value: {
      kvlistValue: {
        values: [
          { key: "2", value: { stringValue: "ü" } },
          { key: "1", value: { kvlistValue: { values: [{ key: "a", value: { doubleValue: -2 } }] } } },
        ],
      },
    },
  },
];
const resource = [
  { key: "service.name", value: { stringValue: "typed" } },
  { key: "process.pid", value: { intValue: 4711n } },
  { key: "process.command_args", value: { arrayValue: { values: [{ stringValue: "-v" }] } } },
];
const request = encodeProtobuf(ExportTraceServiceRequest, {
  resourceSpans: [
    {
      resource: { attributes: resource },
      scopeSpans: [
        {
          spans: [
            {
              traceId: id,
              spanId: "5a".repeat(8),
              name: "op",
              startTimeUnixNano: startTime,
              endTimeUnixNano: startTime + 1000n,
              attributes,
            },
          ],
        },
      ],
    },
  ],
});

let started: Started;
before(async () => {
  started = await start();
  const { status } = await send(`${started.server.addresses.otlp_http}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: request,
  });
  assert.equal(status, 200);
  await started.store.flush();
});
after(() => started.close());

const ask = async <Body>(path: string): Promise<Body> => {
  const answer = await send(`${started.server.addresses.web}/${path}`);
  assert.equal(answer.status, 200, answer.body.toString("utf8"));
  return JSON.parse(answer.body.toString("utf8"));
};

test("attributes of every kind come out of Tempo's port as they came in", async () => {
  const { body } = await send(`${started.server.addresses.web}/tempo/api/traces/${id}`, {
    headers: { accept: "application/protobuf" },
  });
  const [got] = decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans;
  const [sent] = decodeProtobuf(ExportTraceServiceRequest, request).resourceSpans;
  assert.deepEqual(got?.scopeSpans[0]?.spans[0]?.attributes, sent?.scopeSpans[0]?.spans[0]?.attributes);
  assert.deepEqual(got?.resource?.attributes, sent?.resource?.attributes);
  const second = await send(`${started.server.addresses.web}/tempo/api/v2/traces/${id}`, {
    headers: { accept: "application/protobuf" },
  });
  assert.deepEqual(second.body.subarray(second.body.length - body.length), body);
});

interface Pairs {
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
}

test("and in JSON as protobuf writes it", async () => {
  const { batches } = await ask<{
    batches: { resource: Pairs; scopeSpans: { spans: Pairs[] }[] }[];
  }>(`tempo/api/traces/${id}`);
  const values = new Map(
    batches[0]?.scopeSpans[0]?.spans[0]?.attributes.map(({ key, value }) => [key, value]),
  );
  assert.deepEqual(values.get("string"), { stringValue: "5" });
  assert.deepEqual(values.get("least"), { intValue: "-9223372036854775808" });
  assert.deepEqual(values.get("double"), { doubleValue: 5 });
  assert.deepEqual(values.get("infinite"), { doubleValue: "-Infinity" });
  assert.deepEqual(values.get("bytes"), { bytesValue: "AP+A" });
  assert.deepEqual(batches[0]?.resource.attributes[1]?.value, { intValue: "4711" });
});

test("Jaeger's tags have its types", async () => {
  const { data } = await ask<{
    data: {
      spans: { tags: { key: string; type: string; value: unknown }[] }[];
      processes: Record<string, { tags: unknown[] }>;
    }[];
  }>(`jaeger/api/traces/${id}`);
  const tags = new Map(data[0]?.spans[0]?.tags.map(({ key, type, value }) => [key, [type, value] as const]));
  assert.deepEqual(tags.get("string"), ["string", "5"]);
  assert.deepEqual(tags.get("int"), ["int64", 5]);
  assert.deepEqual(tags.get("least"), ["int64", "-9223372036854775808"]);
  assert.deepEqual(tags.get("half"), ["float64", 0.5]);
  assert.deepEqual(tags.get("true"), ["bool", true]);
  assert.deepEqual(tags.get("bytes"), ["binary", "AP+A"]);
  assert.deepEqual(tags.get("texts"), ["string", '["a","\\"]"]']);
  assert.deepEqual(data[0]?.processes["p1"]?.tags[0], { key: "process.pid", type: "int64", value: 4711 });
});

test("TraceQL compares values by what they are, and shows their types", async () => {
  const range = `start=${Number(startTime / 1_000_000_000n) - 1}&end=${Math.ceil(Date.now() / 1000) + 1}`;
  const find = (q: string) =>
    ask<{ traces: { spanSets: { spans: Pairs[]; attributes?: Pairs["attributes"] }[] }[] }>(
      `tempo/api/search?${range}&q=${encodeURIComponent(q)}`,
    );
  const { traces } = await find("{} | select(span.int, span.double, .true, resource.process.pid)");
  assert.deepEqual(traces[0]?.spanSets[0]?.spans[0]?.attributes, [
    { key: "int", value: { intValue: "5" } },
    { key: "double", value: { doubleValue: 5 } },
    { key: "true", value: { boolValue: true } },
    { key: "process.pid", value: { intValue: "4711" } },
  ]);
  for (const q of [
    "{ span.int = 5 }",
    "{ span.int < 30 && span.half > 0.4 }",
    "{ .true && .false = false }",
    "{ .true = true }",
    '{ span.string = "5" }',
    "{ span.int + span.double = 10 }",
    "{ resource.process.pid >= 4711 }",
  ])
    assert.equal((await find(q)).traces.length, 1, q);
  for (const q of ["{ .false }", "{ .true != true }", "{ span.int > 5 }"])
    assert.equal((await find(q)).traces.length, 0, q);
  const [group] = (await find("{} | by(span.int)")).traces[0]?.spanSets ?? [];
  assert.deepEqual(group?.attributes, [{ key: "by(span.int)", value: { intValue: "5" } }]);
});
