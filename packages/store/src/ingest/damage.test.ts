import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  decodeProtobuf,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  type Input,
  type MessageType,
  Resource,
  type Span,
  TelemetryError,
} from "@go3s/telemetry";
import { arbitraryMessage } from "@go3s/telemetry/testing";
import fc from "fast-check";
import { StoreError } from "../errors.js";
import { EngineReader } from "../testing/engine-reader.js";
import { expectedLogs, expectedMetrics, expectedTraces } from "../testing/expected-rows.js";
import { withIds } from "../testing/span-ids.js";
import { FRAME_PAYLOAD_MAX } from "../wal/frame.js";
import { INGEST_LIMITS } from "./limits.js";
import { LogsIngest } from "./logs.js";
import { MetricsIngest } from "./metrics.js";
import type { SignalIngest } from "./signal-ingest.js";
import { TracesIngest } from "./traces.js";

const engine = new EngineReader();
after(() => engine.close());

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function damageProperties<T>(
  type: MessageType<T>,
  make: () => SignalIngest,
  rowsOf: (request: T) => number,
  mend: (request: T & Input<T>) => T & Input<T> = (request) => request,
): void {
  const requests = arbitraryMessage(type).map(mend);

  test(`${type.name}: cut at any byte it is a shorter request, or it throws and appends nothing`, () => {
    fc.assert(
      fc.property(requests, requests, (good, other) => {
        const ingest = make();
        ingest.append(encodeProtobuf(type, good));
        const before = bytesAfter(ingest, encodeProtobuf(type, good));
        const bytes = encodeProtobuf(type, other);
        ingest.append(encodeProtobuf(type, good));
        for (let end = 1; end < bytes.length; end += 1 + (bytes.length >> 7)) {
          const rows = ingest.rows;
          const outcome = appendOrRefuse(ingest, bytes.slice(0, end));
          if (outcome === undefined) assert.equal(ingest.rows, rows);
          else {
            assert.equal(outcome, rowsOf(decodeProtobuf(type, bytes.slice(0, end))));
            ingest.reset();
            ingest.append(encodeProtobuf(type, good));
          }
        }
        assert.deepEqual(bytesAfter(ingest, new Uint8Array(0)), before);
      }),
      { numRuns: 10 },
    );
  });

  test(`${type.name}: with flipped bytes it takes what the object decoder takes, and the engine reads the block`, () => {
    const ingest = make();
    let taken = 0;
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(requests, flips, (value, changes) => {
        const bytes = encodeProtobuf(type, value);
        for (const [position, flip] of changes) {
          const at = position % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ flip;
        }
        const rows = appendOrRefuse(ingest, bytes);
        taken += rows ?? 0;
        let decoded: T;
        try {
          decoded = decodeProtobuf(type, bytes);
        } catch {
          return;
        }
        assert.equal(rows, rowsOf(decoded));
      }),
      { numRuns: 400 },
    );
    assert.equal(ingest.rows, taken);
    const block = ingest.take();
    assert.ok(block !== undefined);
    assert.equal(engine.count(ingest.signal, block.bytes), taken);
  });
}

/** bytesAfter gives the block with the request in it and empties the ingest. */
function bytesAfter(ingest: SignalIngest, request: Uint8Array): Uint8Array | undefined {
  if (request.length === 0) return ingest.take()?.bytes;
  ingest.reset();
  ingest.append(request);
  return ingest.take()?.bytes;
}

function appendOrRefuse(ingest: SignalIngest, bytes: Uint8Array): number | undefined {
  try {
    return ingest.append(bytes).rows;
  } catch (error) {
    assert.ok(error instanceof TelemetryError, String(error));
    const { offset } = error;
    assert.ok(offset !== undefined && offset >= 0 && offset <= bytes.length, `offset ${offset}`);
    return undefined;
  }
}

damageProperties(
  ExportTraceServiceRequest,
  () => new TracesIngest(),
  (request) => expectedTraces(request, "").length,
  withIds,
);
damageProperties(
  ExportLogsServiceRequest,
  () => new LogsIngest(),
  (request) => expectedLogs(request, "", 0).length,
);
damageProperties(
  ExportMetricsServiceRequest,
  () => new MetricsIngest(),
  (request) => expectedMetrics(request, "").length,
);

function spans(...list: readonly Input<Span>[]): Uint8Array {
  return encodeProtobuf(ExportTraceServiceRequest, { resourceSpans: [{ scopeSpans: [{ spans: list }] }] });
}

test("spans with invalid ids are rejected with their reason, the others are kept", () => {
  const ingest = new TracesIngest();
  const attributes = [{ key: "k", value: { stringValue: "of a rejected span" } }];
  const events = [{ name: "e", attributes }];
  const request = spans(
    { traceId: "", spanId: SPAN, attributes, events },
    { traceId: TRACE, spanId: SPAN, name: "kept", attributes: [{ key: "k", value: { stringValue: "v" } }] },
    { traceId: "0".repeat(32), spanId: SPAN, attributes },
    { traceId: TRACE.slice(2), spanId: SPAN, events },
    { traceId: TRACE, spanId: "0".repeat(16) },
    { traceId: TRACE, spanId: SPAN, parentSpanId: "ab", events },
    { traceId: TRACE, spanId: SPAN, name: "root", parentSpanId: "0".repeat(16) },
  );
  const { rows, rejected } = ingest.append(request);
  assert.equal(rows, 2);
  assert.deepEqual([...rejected].sort(), [
    ["invalid-parent-span-id", 1],
    ["invalid-span-id", 1],
    ["invalid-trace-id", 3],
  ]);
  const [kept, root] = engine.rows("traces", [ingest.take()?.bytes ?? new Uint8Array(0)]);
  assert.deepEqual([kept?.["operation"], kept?.["attributes"], kept?.["events"]], ["kept", [["k", "v"]], []]);
  assert.deepEqual([root?.["operation"], root?.["parent_span_id"], root?.["attributes"]], ["root", "", []]);
});

test("a bad request between two good ones leaves no trace in their block", () => {
  const alone = new TracesIngest();
  const shared = new TracesIngest();
  const good = spans({ traceId: TRACE, spanId: SPAN, name: "good", attributes: [{ key: "a" }] });
  const bad = Uint8Array.from([
    ...spans({ traceId: TRACE, spanId: SPAN, name: "bad", attributes: [{ key: "b" }] }),
    0x0a,
    9,
  ]);
  for (const ingest of [alone, shared]) {
    ingest.append(good);
    if (ingest === shared) assert.throws(() => ingest.append(bad), TelemetryError);
    ingest.append(good);
  }
  assert.deepEqual(shared.take(), alone.take());
});

test("fields may come in any order: resource and scope after the items", () => {
  const resource = encodeProtobuf(Resource, {
    attributes: [{ key: "service.name", value: { stringValue: "late" } }],
  });
  const span = Buffer.from(`0a10${TRACE}1208${SPAN}`, "hex");
  const scope = Buffer.concat([Uint8Array.of(0x12, span.length), span, Buffer.from("0a030a0173", "hex")]);
  const items = Buffer.concat([
    Uint8Array.of(0x12, scope.length),
    scope,
    Uint8Array.of(0x0a, resource.length),
    resource,
  ]);
  const ingest = new TracesIngest();
  ingest.append(Buffer.concat([Uint8Array.of(0x0a, items.length), items]));
  const [row] = engine.rows("traces", [ingest.take()?.bytes ?? new Uint8Array(0)]);
  assert.deepEqual([row?.["service_name"], row?.["scope_name"]], ["late", "s"]);
});

test("two bytes a row do not fill the memory: rows and repeated attributes have limits", () => {
  const tooLarge = (error: unknown) => error instanceof StoreError && error.code === "request-too-large";
  const empty = new Uint8Array(2 * (INGEST_LIMITS.rowsPerRequest + 1));
  for (let i = 0; i < empty.length; i += 2) empty[i] = 0x12;
  const ingest = new LogsIngest();
  assert.throws(() => ingest.append(wrapped(empty, new Uint8Array(0))), tooLarge);
  const many = Array.from({ length: 1000 }, (_, i) => ({ key: `k${i}` }));
  const resource = encodeProtobuf(Resource, { attributes: many });
  assert.throws(() => ingest.append(wrapped(empty.subarray(0, 200_000), resource)), tooLarge);
  const more = encodeProtobuf(Resource, { attributes: [...many, ...many] });
  assert.throws(() => ingest.append(wrapped(empty.subarray(0, 2), more)), tooLarge);
  assert.equal(ingest.rows, 0);
  assert.equal(ingest.append(wrapped(empty.subarray(0, 20), resource)).rows, 10);
});

test("a block never gets larger than a frame of the log takes", () => {
  const big = (bytes: number) =>
    encodeProtobuf(ExportLogsServiceRequest, {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "x".repeat(bytes) } }] }] }],
    });
  const code = (wanted: string) => (error: unknown) => error instanceof StoreError && error.code === wanted;
  const ingest = new LogsIngest();
  assert.throws(() => ingest.append(big(INGEST_LIMITS.blockBytes)), code("request-too-large"));
  ingest.append(big(INGEST_LIMITS.blockBytes >> 1));
  assert.throws(() => ingest.append(big(INGEST_LIMITS.blockBytes >> 1)), code("store-busy"));
  assert.equal(ingest.rows, 1);
  ingest.append(big(1000));
  const block = ingest.take();
  assert.ok(block !== undefined && block.rows === 2 && block.bytes.length <= FRAME_PAYLOAD_MAX);
  ingest.append(big(INGEST_LIMITS.blockBytes >> 1));
});

/** wrapped makes a request of one resource and one scope whose content is given. */
function wrapped(scope: Uint8Array, resource: Uint8Array): Uint8Array {
  const field = (tag: number, content: Uint8Array) => {
    const length = content.length;
    const head = [
      tag,
      (length & 0x7f) | 0x80,
      ((length >> 7) & 0x7f) | 0x80,
      ((length >> 14) & 0x7f) | 0x80,
      length >> 21,
    ];
    return Buffer.concat([Uint8Array.from(head), content]);
  };
  return field(0x0a, Buffer.concat([field(0x0a, resource), field(0x12, scope)]));
}

test("a block's memory may be given back and is used again", () => {
  const ingest = new TracesIngest();
  const request = spans({ traceId: TRACE, spanId: SPAN, name: "one" });
  ingest.append(request);
  const first = ingest.take();
  assert.ok(first !== undefined);
  const copy = Uint8Array.from(first.bytes);
  ingest.recycle(first);
  ingest.append(request);
  const second = ingest.take();
  assert.deepEqual(second?.bytes.buffer, first.bytes.buffer);
  assert.deepEqual(Uint8Array.from(second?.bytes ?? []), copy);
  assert.equal(ingest.take(), undefined);
});
