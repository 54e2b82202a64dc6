import assert from "node:assert/strict";
import { test } from "node:test";
import {
  attributeKey,
  decodeProtobuf,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  FUSED,
  InstrumentationScope,
  type KeyValue,
  LogWriter,
  Resource,
  WireReader,
} from "@go3s/telemetry";
import type { Exporter } from "./exporter.js";
import { fuse } from "./fuse.js";
import { fuseRequests } from "./fused-exporter.js";

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const resource = {
  attributes: [text("service.name", "checkout"), text("host.name", "node-7.example.com")],
};
const scope = { name: "go3s" };

function spans(count: number): Uint8Array {
  return encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          {
            scope,
            spans: Array.from({ length: count }, (_, i) => ({
              traceId: (i + 1).toString(16).padStart(32, "0"),
              spanId: (i + 1).toString(16).padStart(16, "0"),
              name: "GET /cart",
              startTimeUnixNano: 5n,
              endTimeUnixNano: 9n,
              attributes: [
                text("http.route", "/cart"),
                text("user.id", `u-${i}`),
                text("server.address", "node-7.example.com"),
              ],
            })),
          },
        ],
      },
    ],
  });
}

function logs(count: number): Uint8Array {
  const writer = new LogWriter();
  writer.beginResource(encodeProtobuf(Resource, resource));
  writer.beginScope(encodeProtobuf(InstrumentationScope, scope));
  for (let i = 0; i < count; i++) {
    writer.beginLog();
    writer.time(i, 0);
    writer.body(`line ${i}`);
    writer.stringAttribute(attributeKey("http.route"), "/cart");
    writer.intAttribute(attributeKey("line"), i);
    writer.endLog();
  }
  return Uint8Array.from(writer.finish());
}

const metrics = encodeProtobuf(ExportMetricsServiceRequest, {
  resourceMetrics: [
    {
      resource,
      scopeMetrics: [
        {
          scope,
          metrics: [
            {
              name: "requests",
              sum: { dataPoints: [{ asInt: 3n, attributes: [text("http.route", "/cart")] }] },
            },
            {
              name: "duration",
              exponentialHistogram: {
                dataPoints: [{ count: 3n, attributes: [text("http.route", "/cart")] }],
              },
            },
          ],
        },
      ],
    },
  ],
});

/** Level says where a message has attributes and what its fields lead to. */
interface Level {
  readonly attributes: number;
  readonly into: (field: number) => Level | undefined;
}

const item = (attributes: number): Level => ({ attributes, into: () => undefined });
const metricLevel: Level = {
  attributes: 0,
  into: (kind) =>
    [5, 7, 9, 10, 11].includes(kind)
      ? {
          attributes: 0,
          into: (field) => (field === 1 ? item(kind === 9 ? 9 : kind === 10 ? 1 : 7) : undefined),
        }
      : undefined,
};
const levelOf = (of: Level): Level => ({
  attributes: 0,
  into: (field) =>
    field === 1
      ? item(1)
      : field === 2
        ? { attributes: 0, into: (inner) => (inner === 2 ? of : undefined) }
        : undefined,
});
const levels = { traces: levelOf(item(9)), logs: levelOf(item(6)), metrics: levelOf(metricLevel) } as const;

/** plain makes the three requests again of a fused one, each attribute where it was named. */
function plain(request: Uint8Array): Record<keyof typeof levels, Uint8Array> {
  const dictionary: Uint8Array[] = [];
  const walk = (bytes: Uint8Array, level: Level): Buffer => {
    const out: Buffer[] = [];
    const reader = new WireReader(bytes);
    for (;;) {
      const start = reader.pos;
      const field = reader.next();
      if (field === 0) return Buffer.concat(out);
      const content = reader.pos;
      reader.skip();
      const end = reader.pos;
      const inner = level.into(field);
      if (field === FUSED.REFS) {
        reader.pos = content;
        const outer = reader.enter();
        while (reader.pos < reader.end) {
          const entry = dictionary[reader.uint32()];
          assert.ok(entry !== undefined, "a number beyond the dictionary");
          out.push(written(level.attributes, entry));
        }
        reader.leave(outer);
      } else if (inner !== undefined) {
        reader.pos = content;
        out.push(written(field, walk(Uint8Array.from(reader.range()), inner)));
      } else out.push(Buffer.from(bytes.subarray(start, end)));
      reader.pos = end;
    }
  };
  const made = { traces: [] as Buffer[], logs: [] as Buffer[], metrics: [] as Buffer[] };
  const reader = new WireReader(request);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    const content = Uint8Array.from(reader.range());
    if (field === FUSED.DICTIONARY) dictionary.push(content);
    for (const signal of ["traces", "logs", "metrics"] as const)
      if (field === FUSED.SIGNAL[signal]) made[signal].push(written(1, walk(content, levels[signal])));
  }
  return {
    traces: Buffer.concat(made.traces),
    logs: Buffer.concat(made.logs),
    metrics: Buffer.concat(made.metrics),
  };
}

function written(field: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = content.length; ; rest >>>= 7) {
    length.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
    if (rest < 0x80) break;
  }
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), content]);
}

const sorted = (attributes: readonly KeyValue[]) => attributes.map(({ key }) => key).sort();

test("what comes again is named by number, and every item has its own attributes still", () => {
  const fused = fuse([
    { signal: "traces", bytes: spans(20) },
    { signal: "logs", bytes: logs(20) },
  ]);
  const again = plain(fused);
  const { resourceSpans } = decodeProtobuf(ExportTraceServiceRequest, again.traces);
  const items = resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
  assert.equal(items.length, 20);
  for (const [i, item] of items.entries()) {
    assert.deepEqual(sorted(item.attributes), ["http.route", "server.address", "user.id"]);
    const user = item.attributes.find(({ key }) => key === "user.id");
    assert.equal(user?.value?.stringValue, `u-${i}`);
    assert.deepEqual([item.name, item.endTimeUnixNano], ["GET /cart", 9n]);
  }
  const { resourceLogs } = decodeProtobuf(ExportLogsServiceRequest, again.logs);
  assert.deepEqual(sorted(resourceLogs[0]?.resource?.attributes ?? []), ["host.name", "service.name"]);
  const records = resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
  assert.deepEqual(
    records.map(({ body }) => body?.stringValue),
    Array.from({ length: 20 }, (_, i) => `line ${i}`),
  );
  for (const record of records) assert.deepEqual(sorted(record.attributes), ["http.route", "line"]);
  const three = spans(20).length + logs(20).length;
  assert.ok(fused.length < 0.7 * three, `${fused.length} of ${three}`);
});

test("points' attributes are found in every kind of metric, and parts follow each other", () => {
  const fused = fuse([
    { signal: "metrics", bytes: metrics },
    { signal: "metrics", bytes: metrics },
    { signal: "traces", bytes: spans(1) },
  ]);
  const { resourceMetrics } = decodeProtobuf(ExportMetricsServiceRequest, plain(fused).metrics);
  assert.equal(resourceMetrics.length, 2);
  const [sum, histogram] = resourceMetrics[1]?.scopeMetrics[0]?.metrics ?? [];
  assert.deepEqual(sorted(sum?.sum?.dataPoints[0]?.attributes ?? []), ["http.route"]);
  assert.deepEqual(sorted(histogram?.exponentialHistogram?.dataPoints[0]?.attributes ?? []), ["http.route"]);
});

test("nothing that comes once is moved, and a request that is cut short is an error", () => {
  const once = spans(1);
  assert.deepEqual(Buffer.from(fuse([{ signal: "traces", bytes: once }])), Buffer.from(once));
  assert.throws(() => fuse([{ signal: "traces", bytes: once.subarray(0, once.length - 1) }]), RangeError);
});

test("an exporter sends what comes in one turn as one request, large bodies alone, and what waits at its end", async () => {
  const sent: string[] = [];
  const inner: Exporter = {
    send: (signal, body, items, done) =>
      void sent.push(`${signal} ${items} ${body.length > 0} ${done !== undefined}`),
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 5, dropped: {} }),
    close: async () => void sent.push("closed"),
  };
  const exporter = fuseRequests(inner);
  exporter.send("fused", spans(3), 3);
  exporter.send("logs", logs(2), 2);
  exporter.send("metrics", metrics, 2);
  assert.ok(exporter.stats().waitingBytes > 5);
  assert.deepEqual(sent, []);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, ["fused 7 true false"]);
  exporter.send("logs", logs(2), 2, () => undefined);
  exporter.send("metrics", metrics, 2);
  await exporter.close();
  assert.deepEqual(sent.slice(1), ["logs 2 true true", "fused 2 true false", "closed"]);
});
