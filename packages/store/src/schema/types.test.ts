import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  type Input,
  type KeyValue,
} from "@go3s/telemetry";
import { LogsIngest } from "../ingest/logs.js";
import { MetricsIngest } from "../ingest/metrics.js";
import { TracesIngest } from "../ingest/traces.js";
import { openStore } from "../store.js";
import { spanBlock } from "../testing/plain-block.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";

const ATTRIBUTES: Input<KeyValue>[] = [
  { key: "string", value: { stringValue: "7" } },
  { key: "int", value: { intValue: 7n } },
  { key: "double", value: { doubleValue: 7 } },
  { key: "bool", value: { boolValue: true } },
  { key: "array", value: { arrayValue: { values: [{ intValue: 1n }, { doubleValue: 1 }] } } },
  { key: "kvlist", value: { kvlistValue: { values: [{ key: "a", value: { intValue: 1n } }] } } },
  { key: "bytes", value: { bytesValue: Uint8Array.of(255, 0) } },
  { key: "empty", value: {} },
  { key: "no value" },
];
const TYPES = Object.fromEntries(ATTRIBUTES.map(({ key = "" }) => [key, key === "no value" ? "empty" : key]));
const TEXTS = Object.fromEntries(
  ATTRIBUTES.map(({ key = "" }, i) => [
    key,
    ["7", "7", "7", "true", "[1,1.0]", '{"a":1}', "/wA=", "", ""][i],
  ]),
);
const resource = {
  attributes: [
    { key: "service.name", value: { stringValue: "shop" } },
    { key: "process.pid", value: { intValue: 1n } },
  ],
};
const time = 1_790_000_000_000_000_000n;

test("each attribute's type is asked beside its text: of spans, records, points and resources", async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t) });
  const traces = new TracesIngest();
  const span = (spanId: string, attributes: Input<KeyValue>[]) => ({
    traceId: "1a".repeat(16),
    spanId,
    startTimeUnixNano: time,
    endTimeUnixNano: time,
    attributes,
  });
  traces.append(
    encodeProtobuf(ExportTraceServiceRequest, {
      resourceSpans: [
        {
          resource,
          scopeSpans: [
            { spans: [span("1a".repeat(8), ATTRIBUTES), span("1b".repeat(8), ATTRIBUTES.slice(0, 1))] },
          ],
        },
      ],
    }),
  );
  const logs = new LogsIngest();
  logs.append(
    encodeProtobuf(ExportLogsServiceRequest, {
      resourceLogs: [
        { resource, scopeLogs: [{ logRecords: [{ timeUnixNano: time, attributes: ATTRIBUTES }] }] },
      ],
    }),
  );
  const metrics = new MetricsIngest();
  metrics.append(
    encodeProtobuf(ExportMetricsServiceRequest, {
      resourceMetrics: [
        {
          resource,
          scopeMetrics: [
            {
              metrics: [
                { name: "m", gauge: { dataPoints: [{ timeUnixNano: time, attributes: ATTRIBUTES }] } },
              ],
            },
          ],
        },
      ],
    }),
  );
  await store.append([traces, logs, metrics].flatMap((ingest) => ingest.take() ?? []));
  await store.append([spanBlock("plain", 1)]);
  await store.flush();
  const rows = async (sql: string) => (await store.query(sql)).rows<Record<string, unknown>>();
  for (const table of ["traces", "logs", "metrics"]) {
    assert.deepEqual(
      await rows(
        `SELECT attributes, attribute_types, resource_attribute_types AS resource FROM ${table} WHERE attribute_types['int'] = 'int'`,
      ),
      [
        {
          attributes: TEXTS,
          attribute_types: TYPES,
          resource: { "service.name": "string", "process.pid": "int" },
        },
      ],
      table,
    );
    const [row] = await rows(`SELECT * FROM ${table} LIMIT 1`);
    assert.ok(row !== undefined && !("attribute_types" in row), `SELECT * of ${table} has computed columns`);
  }
  assert.deepEqual(
    await rows(`SELECT attribute_types FROM traces WHERE span_id = '${"1b".repeat(8)}'`),
    [{ attribute_types: { string: "string" } }],
    "texts alone",
  );
  const [plain] = await rows(
    "SELECT arrayDistinct(mapValues(attribute_types)) AS types, length(attributes) = length(attribute_types) AS all FROM traces WHERE attribute_types['int'] = '' AND span_id != '1b1b1b1b1b1b1b1b'",
  );
  assert.equal(plain?.["all"], 1);
  assert.deepEqual(
    await rows("SELECT any(attributes['process.pid']) AS pid FROM resources"),
    [{ pid: "1" }],
    "a resource's keys end where its types begin",
  );
});
