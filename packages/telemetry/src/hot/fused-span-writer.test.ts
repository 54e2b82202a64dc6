import assert from "node:assert/strict";
import { test } from "node:test";
import { InstrumentationScope, Resource } from "../otlp/common.js";
import { decodeProtobuf } from "../otlp/protobuf-decode.js";
import { encodeProtobuf } from "../otlp/protobuf-encode.js";
import { ExportTraceServiceRequest, Span } from "../otlp/trace.js";
import { WireReader } from "../wire/reader.js";
import { FUSED, FusedSpanWriter } from "./fused-span-writer.js";
import type { SpanShare } from "./span-writer.js";

const IDS = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

function begun(writer: FusedSpanWriter): FusedSpanWriter {
  writer.reset();
  writer.beginResource(encodeProtobuf(Resource, {}));
  writer.beginScope(encodeProtobuf(InstrumentationScope, { name: "go3s" }));
  return writer;
}

function write(writer: FusedSpanWriter, name: string, share: SpanShare): void {
  writer.beginSpan();
  writer.traceId(IDS, 0);
  writer.spanId(IDS, 16);
  writer.startTime(5, 0);
  writer.endTime(7, 0);
  if (!writer.shareAgain(share)) {
    writer.name(name);
    writer.keepShare(share);
  }
  writer.endSpan();
}

/** scopeFields gives the scope's fields: number and content. */
function scopeFields(request: Uint8Array): { readonly field: number; readonly bytes: Uint8Array }[] {
  const reader = new WireReader(request);
  const found: { field: number; bytes: Uint8Array }[] = [];
  reader.next();
  reader.enter();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 2) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    for (let inner = reader.next(); inner !== 0; inner = reader.next())
      found.push({ field: inner, bytes: Uint8Array.from(reader.range()) });
    reader.leave(outer);
  }
  return found;
}

test("what spans have in common is written once, and a row for each", () => {
  const writer = begun(new FusedSpanWriter());
  const one: SpanShare = { request: 0, index: 0 };
  const other: SpanShare = { request: 0, index: 0 };
  for (const [name, share] of [
    ["one", one],
    ["other", other],
    ["one", one],
  ] as const)
    write(writer, name, share);
  assert.equal(writer.count, 3);
  const fields = scopeFields(writer.finish());
  const shared = fields.filter(({ field }) => field === FUSED.SHARED);
  assert.deepEqual(
    shared.map(({ bytes }) => decodeProtobuf(Span, bytes).name),
    ["one", "other"],
  );
  const [rows] = fields.filter(({ field }) => field === FUSED.ROWS);
  assert.equal(rows?.bytes.length, 3 * FUSED.ROW_BYTES);
  const view = new DataView(rows.bytes.buffer);
  assert.deepEqual(
    [0, 1, 2].map((row) => view.getUint32(row * FUSED.ROW_BYTES, true)),
    [0, 1, 0],
  );
  assert.deepEqual(rows.bytes.slice(56 + FUSED.ROW.TRACE_ID, 56 + FUSED.ROW.PARENT_ID), IDS.slice(0, 24));
  assert.deepEqual(rows.bytes.slice(56 + FUSED.ROW.PARENT_ID, 56 + FUSED.ROW.START), new Uint8Array(8));
  assert.equal(view.getUint32(56 + FUSED.ROW.END, true), 7);
});

test("a share belongs to one request, and memory that is used again keeps nothing of the one before", () => {
  const writer = new FusedSpanWriter();
  const share: SpanShare = { request: 0, index: 0 };
  const requests = [1, 400, 2].map((count) => {
    begun(writer);
    for (let i = 0; i < count; i++) write(writer, "again", share);
    return scopeFields(writer.finish());
  });
  for (const [i, count] of [1, 400, 2].entries()) {
    const fields = requests[i] ?? [];
    assert.equal(fields.filter(({ field }) => field === FUSED.SHARED).length, 1);
    assert.equal(fields.find(({ field }) => field === FUSED.ROWS)?.bytes.length, count * FUSED.ROW_BYTES);
  }
});

test("a span with links stands by itself, between rows", () => {
  const writer = begun(new FusedSpanWriter());
  const share: SpanShare = { request: 0, index: 0 };
  write(writer, "shared", share);
  for (const hasParent of [false, true]) {
    writer.beginSpan();
    writer.traceId(IDS, 0);
    writer.spanId(IDS, 16);
    if (hasParent) writer.parentSpanId(IDS, 24);
    writer.flags(0x101);
    writer.startTime(5, 1);
    writer.endTime(7, 1);
    writer.name("linked");
    writer.link(IDS, 8, 0, 0x301, "a=1");
    writer.droppedLinks(2);
    writer.endSpan();
  }
  write(writer, "shared", share);
  assert.equal(writer.count, 4);
  const request = writer.finish();
  const fields = scopeFields(request);
  assert.equal(fields.filter(({ field }) => field === FUSED.SHARED).length, 1);
  assert.equal(fields.find(({ field }) => field === FUSED.ROWS)?.bytes.length, 2 * FUSED.ROW_BYTES);
  const { spans } = decodeProtobuf(ExportTraceServiceRequest, request).resourceSpans[0]?.scopeSpans[0] ?? {};
  const linked = {
    ...decodeProtobuf(Span, new Uint8Array(0)),
    traceId: "0102030405060708090a0b0c0d0e0f10",
    spanId: "1112131415161718",
    flags: 0x101,
    name: "linked",
    startTimeUnixNano: (1n << 32n) + 5n,
    endTimeUnixNano: (1n << 32n) + 7n,
    links: [
      {
        traceId: "090a0b0c0d0e0f101112131415161718",
        spanId: "0102030405060708",
        traceState: "a=1",
        attributes: [],
        droppedAttributesCount: 0,
        flags: 0x301,
      },
    ],
    droppedLinksCount: 2,
  };
  assert.deepEqual(spans, [linked, { ...linked, parentSpanId: "191a1b1c1d1e1f20" }]);
});

test("a receiver of plain OTLP reads it and passes over what it does not know", () => {
  const writer = begun(new FusedSpanWriter());
  write(writer, "one", { request: 0, index: 0 });
  const { resourceSpans } = decodeProtobuf(ExportTraceServiceRequest, writer.finish());
  assert.deepEqual(resourceSpans[0]?.scopeSpans[0]?.spans, []);
});
