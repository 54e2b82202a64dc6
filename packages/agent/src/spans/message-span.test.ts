import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest, type Span, SpanWriter } from "@go3s/telemetry";
import { StreamKind } from "../go/stream-site.js";
import { newGoTypes } from "../go/type-names.js";
import { newPointList } from "../runtime/point-list.js";
import { newRequestDurations } from "../runtime/request-durations.js";
import { attributeOf } from "../testing/live-peers.js";
import { openWallClock } from "./clock.js";
import { newProcessSpans } from "./process-spans.js";
import { encodedScope, encodeResource } from "./resource.js";
import { newRouteTable } from "./routes.js";
import { newStream, type Stream } from "./stream.js";
import { newStreamSpanWriter } from "./stream-span.js";

const process = newProcessSpans({
  tgid: 7,
  serviceName: "shop",
  resource: encodeResource({ serviceName: "shop", attributes: new Map() }),
  routes: newRouteTable(),
});
const clock = openWallClock(() => 10n ** 18n);

/** told writes messages as spans, each with a failure or "". */
function told(
  messages: readonly (readonly [Partial<Stream>, failure?: string])[],
  durations = newRequestDurations(clock),
): Span[] {
  const spans = newStreamSpanWriter(clock, newGoTypes(), durations);
  const writer = new SpanWriter();
  writer.beginResource(process.resource);
  writer.beginScope(encodedScope);
  for (const [message, failure = ""] of messages)
    spans.write(
      { ...newStream(process), protocol: StreamKind.message, tgid: 7, path: "orders", ...message },
      failure,
      writer,
    );
  const { resourceSpans } = decodeProtobuf(ExportTraceServiceRequest, writer.finish());
  return resourceSpans.flatMap((each) => each.scopeSpans.flatMap((scope) => scope.spans));
}

test("a key that is no text, and what is not known, are left out", () => {
  const [text, bytes, control, least] = told([
    [{ query: "käse 1", streamId: 2, offset: 2 ** 40, requestBytes: 0 }],
    [{ query: "\ufffd7" }],
    [{ query: "a\0b" }],
    [{ path: "" }],
  ]);
  const keyOf = (span: Span | undefined) => span && attributeOf(span, "messaging.kafka.message.key");
  assert.deepEqual([text, bytes, control, least].map(keyOf), ["käse 1", "", "", ""]);
  assert.ok(text && least);
  assert.deepEqual([text.name, text.kind, least.name], ["process orders", 5, "process"]);
  assert.equal(attributeOf(text, "messaging.kafka.offset"), String(2 ** 40));
  assert.equal(attributeOf(text, "messaging.message.body.size"), "0");
  const names = least.attributes.map(({ key }) => key);
  for (const name of [
    "messaging.destination.name",
    "messaging.consumer.group.name",
    "messaging.message.body.size",
  ])
    assert.ok(!names.includes(name), name);
});

test("who sent a message of another trace is linked", () => {
  const [linked, other] = told([[{ sender: new Uint8Array(32).fill(0xab) }], [{}]]);
  assert.deepEqual(
    linked?.links.map(({ traceId, spanId, flags }) => [traceId, spanId, flags]),
    [["ab".repeat(16), "ab".repeat(8), 0x301]],
  );
  assert.deepEqual(other?.links, []);
});

test("a message whose process ended meanwhile failed, and counts by its failure", () => {
  const durations = newRequestDurations(clock);
  const [, gone] = told([[{ host: "shop", endNs: 5e6 }], [{ host: "shop" }, "process_exited"]], durations);
  assert.equal(gone && attributeOf(gone, "error.type"), "process_exited");
  assert.equal(gone?.status?.code, 2);
  const list = newPointList();
  durations.tell(7, list);
  const [metric] = list.take(1n, 2n, 3n).metrics;
  assert.equal(metric?.name, "messaging.process.duration");
  const points = metric?.exponentialHistogram?.dataPoints ?? [];
  assert.deepEqual(
    points.map(({ attributes = [] }) => attributes.map(({ key, value }) => `${key}=${value?.stringValue}`)),
    [
      [
        "messaging.operation.name=process",
        "messaging.system=kafka",
        "messaging.destination.name=orders",
        "messaging.consumer.group.name=shop",
      ],
      [
        "messaging.operation.name=process",
        "messaging.system=kafka",
        "messaging.destination.name=orders",
        "messaging.consumer.group.name=shop",
        "error.type=process_exited",
      ],
    ],
  );
});
