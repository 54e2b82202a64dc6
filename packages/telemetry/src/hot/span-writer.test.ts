import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TelemetryError } from "../errors.js";
import { InstrumentationScope, Resource } from "../otlp/common.js";
import { decodeProtobuf } from "../otlp/protobuf-decode.js";
import { encodeProtobuf } from "../otlp/protobuf-encode.js";
import { ExportTraceServiceRequest, Span } from "../otlp/trace.js";
import { attributeKey } from "./attribute-key.js";
import { SpanWriter } from "./span-writer.js";

const IDS = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const RESOURCE = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
const SCOPE = { name: "go3s", version: "1" };

function begun(): SpanWriter {
  const writer = new SpanWriter(256);
  writer.beginResource(encodeProtobuf(Resource, RESOURCE));
  writer.beginScope(encodeProtobuf(InstrumentationScope, SCOPE));
  return writer;
}

function spansOf(writer: SpanWriter): readonly Span[] {
  const request = decodeProtobuf(ExportTraceServiceRequest, writer.finish());
  return request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

test("a span with every field reads back as the objects say", () => {
  const writer = begun();
  writer.beginSpan();
  writer.traceId(IDS, 0);
  writer.spanId(IDS, 16);
  writer.parentSpanId(IDS, 24);
  writer.traceState("a=1");
  writer.flags(0x101);
  writer.name("GET /a");
  writer.kind(2);
  writer.startTime(0x11223344, 0x18000000);
  writer.endTime(0xffffffff, 0x18000001);
  writer.status(2, "boom");
  writer.intAttribute(attributeKey("i"), -5);
  writer.boolAttribute(attributeKey("b"), true);
  writer.doubleAttribute(attributeKey("d"), 0.25);
  writer.encodedAttribute(Uint8Array.of(0x0a, 1, 0x65, 0x12, 2, 0x10, 1));
  writer.endSpan();
  const [span] = spansOf(writer);
  assert.deepEqual(span, {
    ...decodeProtobuf(Span, new Uint8Array(0)),
    traceId: "0102030405060708090a0b0c0d0e0f10",
    spanId: "1112131415161718",
    parentSpanId: "191a1b1c1d1e1f20",
    traceState: "a=1",
    flags: 0x101,
    name: "GET /a",
    kind: 2,
    startTimeUnixNano: 0x1800000011223344n,
    endTimeUnixNano: 0x18000001ffffffffn,
    attributes: [
      { key: "i", value: { intValue: -5n } },
      { key: "b", value: { boolValue: true } },
      { key: "d", value: { doubleValue: 0.25 } },
      { key: "e", value: { boolValue: true } },
    ],
    status: { code: 2, message: "boom" },
  });
});

test("links are read back, with states of every length and how many were left out", () => {
  const writer = begun();
  const states = ["", "a=1", `a=${"x".repeat(200)}`, `a=${"ä".repeat(9000)}`];
  writer.beginSpan();
  writer.name("poll orders");
  for (const state of states) writer.link(IDS, 2, 20, 0x301, state);
  writer.droppedLinks(300);
  writer.kind(3);
  writer.endSpan();
  const [span] = spansOf(writer);
  assert.deepEqual([span?.name, span?.kind, span?.droppedLinksCount], ["poll orders", 3, 300]);
  assert.deepEqual(
    span?.links,
    states.map((traceState) => ({
      traceId: "030405060708090a0b0c0d0e0f101112",
      spanId: "15161718191a1b1c",
      traceState,
      attributes: [],
      droppedAttributesCount: 0,
      flags: 0x301,
    })),
  );
});

test("attributes and names of every length and script are read back, from strings and from bytes", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.integer({ min: 100, max: 140 }).map((n) => "x".repeat(n)),
    fc.integer({ min: 16_350, max: 16_400 }).map((n) => "y".repeat(n)),
    fc.integer({ min: 30, max: 70 }).map((n) => "ä€".repeat(n)),
  );
  const attribute = fc.record({ key: fc.string({ maxLength: 200 }), value: text, bytes: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: text, message: text, attributes: fc.array(attribute, { maxLength: 6 }) })),
      (given) => {
        const writer = begun();
        for (const { name, message, attributes } of given) {
          writer.beginSpan();
          if (name.length % 2 === 0) writer.name(name);
          else writer.nameBytes(Buffer.from(name), 0, Buffer.byteLength(name));
          for (const { key, value, bytes } of attributes) {
            const encoded = Buffer.from(`..${value}..`);
            if (bytes) writer.bytesAttribute(attributeKey(key), encoded, 2, encoded.length - 2);
            else writer.stringAttribute(attributeKey(key), value);
          }
          writer.status(2, message);
          writer.endSpan();
        }
        assert.equal(writer.count, given.length);
        const spans = spansOf(writer);
        assert.deepEqual(
          spans.map(({ name, status, attributes }) => ({
            name,
            message: status?.message,
            attributes: attributes.map(({ key, value }) => [key, value?.stringValue]),
          })),
          given.map(({ name, message, attributes }) => ({
            name,
            message,
            attributes: attributes.map(({ key, value }) => [key, value]),
          })),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("integers of every size are read back", () => {
  const writer = begun();
  const values = [0, 1, 127, 128, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 31), -(2 ** 53) + 1];
  writer.beginSpan();
  for (const value of values) writer.intAttribute(attributeKey("n"), value);
  writer.endSpan();
  assert.deepEqual(
    spansOf(writer)[0]?.attributes.map(({ value }) => Number(value?.intValue)),
    values,
  );
});

test("captured bytes that are not UTF-8 do not spoil the request", () => {
  const writer = begun();
  writer.beginSpan();
  writer.bytesAttribute(attributeKey("url.path"), Uint8Array.of(0x2f, 0xff, 0xe2, 0x82), 0, 4);
  writer.endSpan();
  assert.equal(spansOf(writer)[0]?.attributes[0]?.value?.stringValue, "/\ufffd\ufffd");
});

test("several resources and scopes, an abandoned span, and the same memory again", () => {
  const writer = begun();
  for (let round = 0; round < 3; round++) {
    writer.beginSpan();
    writer.name("kept");
    writer.endSpan();
    writer.beginSpan();
    writer.name("forgotten");
    writer.abandonRecord();
    writer.beginScope(encodeProtobuf(InstrumentationScope, { name: "other" }));
    writer.beginSpan();
    writer.endSpan();
    writer.beginResource(encodeProtobuf(Resource, {}));
    writer.beginScope(encodeProtobuf(InstrumentationScope, {}));
    writer.beginSpan();
    writer.name("second");
    writer.endSpan();
    const request = decodeProtobuf(ExportTraceServiceRequest, writer.finish());
    assert.deepEqual(
      request.resourceSpans.map(({ resource, scopeSpans }) => [
        resource?.attributes.length,
        scopeSpans.map(({ scope, spans }) => [scope?.name, spans.map(({ name }) => name)]),
      ]),
      [
        [
          1,
          [
            ["go3s", ["kept"]],
            ["other", [""]],
          ],
        ],
        [0, [["", ["second"]]]],
      ],
    );
    writer.reset();
    assert.equal(writer.count, 0);
    writer.beginResource(encodeProtobuf(Resource, RESOURCE));
    writer.beginScope(encodeProtobuf(InstrumentationScope, SCOPE));
  }
});

test("calls in an order that makes no message are refused", () => {
  const refuses = (act: (writer: SpanWriter) => void) =>
    assert.throws(
      () => act(new SpanWriter()),
      (error: unknown) => error instanceof TelemetryError && error.code === "writer-misuse",
    );
  refuses((writer) => writer.beginSpan());
  refuses((writer) => writer.beginScope(new Uint8Array(0)));
  refuses((writer) => writer.endSpan());
  refuses((writer) => {
    writer.beginResource(new Uint8Array(0));
    writer.beginSpan();
  });
});
