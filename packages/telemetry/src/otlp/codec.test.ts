import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TelemetryError } from "../errors.js";
import { arbitraryMessage } from "../testing/arbitraries.js";
import { WireWriter } from "../wire/writer.js";
import { decodeJson } from "./json-decode.js";
import { encodeJson } from "./json-encode.js";
import { jsonToProtobuf } from "./json-to-protobuf.js";
import { ExportLogsServiceRequest, ExportLogsServiceResponse } from "./logs.js";
import type { Input, MessageType } from "./message.js";
import { ExportMetricsServiceRequest, ExportMetricsServiceResponse } from "./metrics.js";
import { decodeProtobuf } from "./protobuf-decode.js";
import { encodeProtobuf } from "./protobuf-encode.js";
import { RpcStatus } from "./status.js";
import { ExportTraceServiceRequest, ExportTraceServiceResponse } from "./trace.js";

function codecProperties<T>(type: MessageType<T>): void {
  const messages = arbitraryMessage(type);
  const text = (value: Input<T>): string => encodeJson(type, value);

  test(`${type.name}: protobuf there and back is the same`, () => {
    fc.assert(
      fc.property(messages, (value) => {
        assert.deepEqual(decodeProtobuf(type, encodeProtobuf(type, value)), value);
      }),
      { numRuns: 60 },
    );
  });

  test(`${type.name}: JSON there and back is the same`, () => {
    fc.assert(
      fc.property(messages, (value) => {
        assert.deepEqual(decodeJson(type, text(value)), value);
      }),
      { numRuns: 60 },
    );
  });

  test(`${type.name}: JSON rewritten as protobuf says the same`, () => {
    fc.assert(
      fc.property(messages, (value) => {
        assert.deepEqual(decodeProtobuf(type, jsonToProtobuf(type, text(value))), value);
      }),
      { numRuns: 60 },
    );
  });

  test(`${type.name}: a message cut at any byte is a shorter message or an error with an offset`, () => {
    fc.assert(
      fc.property(messages, (value) => {
        const bytes = encodeProtobuf(type, value);
        for (let end = 0; end < bytes.length; end += 1 + (bytes.length >> 8)) {
          // A copy of exact size, so that reading behind the end cannot find the rest by luck.
          readOrRefuse(type, bytes.slice(0, end));
        }
      }),
      { numRuns: 20 },
    );
  });

  test(`${type.name}: flipped bytes give a message or an error, never another exception`, () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, position, flip) => {
        const bytes = encodeProtobuf(type, value);
        if (bytes.length === 0) return;
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        readOrRefuse(type, bytes);
      }),
      { numRuns: 200 },
    );
  });

  test(`${type.name}: unknown fields before and after are passed over`, () => {
    fc.assert(
      fc.property(messages, (value) => {
        const writer = new WireWriter();
        unknownFields(writer);
        writer.raw(encodeProtobuf(type, value));
        unknownFields(writer);
        assert.deepEqual(decodeProtobuf(type, writer.finish()), value);
      }),
      { numRuns: 20 },
    );
  });
}

function readOrRefuse<T>(type: MessageType<T>, bytes: Uint8Array): void {
  try {
    decodeProtobuf(type, bytes);
  } catch (error) {
    assert.ok(error instanceof TelemetryError, String(error));
    const { offset } = error;
    assert.ok(offset !== undefined && offset >= 0 && offset <= bytes.length, `offset ${offset}`);
  }
}

function unknownFields(writer: WireWriter): void {
  writer.tag(1000, 0);
  writer.varint64(7, 0xffffffff);
  writer.tag(1001, 1);
  writer.fixed64(1, 2);
  writer.tag(1002, 2);
  writer.string("from a later version");
  writer.tag(1003, 5);
  writer.fixed32(3);
}

codecProperties(ExportTraceServiceRequest);
codecProperties(ExportTraceServiceResponse);
codecProperties(ExportLogsServiceRequest);
codecProperties(ExportLogsServiceResponse);
codecProperties(ExportMetricsServiceRequest);
codecProperties(ExportMetricsServiceResponse);
codecProperties(RpcStatus);
