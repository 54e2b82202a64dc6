import assert from "node:assert/strict";
import { test } from "node:test";
import { TelemetryError } from "../errors.js";
import { AnyValue, KeyValue } from "./common.js";
import { HistogramDataPoint } from "./points.js";
import { decodeProtobuf } from "./protobuf-decode.js";
import { encodeProtobuf } from "./protobuf-encode.js";
import { RpcStatus, retryInfo, statusJson } from "./status.js";
import { ExportTraceServiceResponse, ResourceSpans, Span } from "./trace.js";

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

test("bytes written by hand after the .proto files are read and written", () => {
  const bytes = fromHex(
    "0a10 0af7651916cd43dd8448eb211c80319c 1208 b7ad6b7169203331 2a03 474554 3002" +
      "39 0100000000000000 41 0200000000000080 4a07 0a0161 1202 1807 7a02 1802 8501 01010000",
  );
  const span = decodeProtobuf(Span, bytes);
  assert.deepEqual(
    { ...span },
    {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      traceState: "",
      parentSpanId: "",
      flags: 257,
      name: "GET",
      kind: 2,
      startTimeUnixNano: 1n,
      endTimeUnixNano: 2n ** 63n + 2n,
      attributes: [{ key: "a", value: { intValue: 7n } }],
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      status: { message: "", code: 2 },
    },
  );
  assert.deepEqual(decodeProtobuf(Span, encodeProtobuf(Span, span)), span);
});

test("repeated numbers are read packed and one by one", () => {
  const packed = decodeProtobuf(HistogramDataPoint, fromHex("3210 0100000000000000 0200000000000000"));
  const single = decodeProtobuf(HistogramDataPoint, fromHex("31 0100000000000000 31 0200000000000000"));
  assert.deepEqual(packed.bucketCounts, [1n, 2n]);
  assert.deepEqual(single, packed);
});

test("of a oneof the last wins; a message that comes twice is merged", () => {
  assert.deepEqual(decodeProtobuf(AnyValue, fromHex("0a0161 1001")), { boolValue: true });
  const twice = decodeProtobuf(ResourceSpans, fromHex("0a08 0a04 0a026b31 1001 0a06 0a04 0a026b32"));
  assert.deepEqual(
    twice.resource?.attributes.map(({ key }) => key),
    ["k1", "k2"],
  );
  assert.equal(twice.resource?.droppedAttributesCount, 1);
});

test("a field of the wrong wire type and endless nesting are refused", () => {
  const refuses = (code: string, act: () => unknown) =>
    assert.throws(act, (error: unknown) => error instanceof TelemetryError && error.code === code);
  refuses("malformed-protobuf", () => decodeProtobuf(KeyValue, fromHex("0801")));
  refuses("malformed-protobuf", () => decodeProtobuf(Span, fromHex("3a0131")));
  let nested = fromHex("1001");
  for (let i = 0; i < 120; i++) nested = wrap(0x2a, wrap(0x0a, nested));
  refuses("nested-too-deep", () => decodeProtobuf(AnyValue, nested));
});

function wrap(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, (length & 0x7f) | 0x80, length >> 7];
  return Uint8Array.from([...head, ...content]);
}

test("values that do not fit are refused before a byte leaves", () => {
  const refuses = (act: () => unknown) =>
    assert.throws(
      act,
      (error: unknown) => error instanceof TelemetryError && error.code === "unencodable-value",
    );
  refuses(() => encodeProtobuf(Span, { traceId: "not hex" }));
  refuses(() => encodeProtobuf(Span, { startTimeUnixNano: -1n }));
  refuses(() => encodeProtobuf(Span, { flags: 2 ** 32 }));
  refuses(() => encodeProtobuf(Span, { kind: 1.5 }));
});

test("an empty response takes no bytes, a partial success some", () => {
  assert.equal(encodeProtobuf(ExportTraceServiceResponse, {}).length, 0);
  const partial = { partialSuccess: { rejectedSpans: 3n, errorMessage: "3 spans without id" } };
  const bytes = encodeProtobuf(ExportTraceServiceResponse, partial);
  assert.deepEqual(decodeProtobuf(ExportTraceServiceResponse, bytes), partial);
});

test("an error body carries code, message and when to come back", () => {
  const status = { code: 14, message: "the disk is full", details: [retryInfo(1500)] };
  const back = decodeProtobuf(RpcStatus, encodeProtobuf(RpcStatus, status));
  assert.deepEqual(back, status);
  assert.equal(Buffer.from(back.details[0]?.value ?? []).toString("hex"), "0a0808011080cab5ee01");
  assert.equal(
    statusJson(14, "the disk is full", 1500),
    '{"code":14,"message":"the disk is full","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}',
  );
});
