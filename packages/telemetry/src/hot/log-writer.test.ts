import assert from "node:assert/strict";
import { test } from "node:test";
import { InstrumentationScope, Resource } from "../otlp/common.js";
import { ExportLogsServiceRequest, LogRecord } from "../otlp/logs.js";
import { decodeProtobuf } from "../otlp/protobuf-decode.js";
import { encodeProtobuf } from "../otlp/protobuf-encode.js";
import { attributeKey } from "./attribute-key.js";
import { LogWriter } from "./log-writer.js";

const IDS = Uint8Array.from({ length: 24 }, (_, i) => 0xff - i);

test("log records with every field read back as the objects say", () => {
  for (const body of ["short", "ümlaut", "long ".repeat(5000)]) {
    const writer = new LogWriter(256);
    writer.beginResource(encodeProtobuf(Resource, {}));
    writer.beginScope(encodeProtobuf(InstrumentationScope, { name: "go3s.tcp" }));
    writer.beginLog();
    writer.time(1, 0x18000000);
    writer.observedTime(2, 0x18000000);
    writer.severity(9, "INFO");
    writer.body(body);
    writer.eventName("tcp.connect");
    writer.traceId(IDS, 0);
    writer.spanId(IDS, 16);
    writer.flags(1);
    writer.droppedAttributes(300);
    writer.intAttribute(attributeKey("network.peer.port"), 443);
    writer.endLog();
    const request = decodeProtobuf(ExportLogsServiceRequest, writer.finish());
    assert.deepEqual(request.resourceLogs[0]?.scopeLogs[0]?.logRecords, [
      {
        ...decodeProtobuf(LogRecord, new Uint8Array(0)),
        timeUnixNano: 0x1800000000000001n,
        observedTimeUnixNano: 0x1800000000000002n,
        severityNumber: 9,
        severityText: "INFO",
        body: { stringValue: body },
        eventName: "tcp.connect",
        traceId: Buffer.from(IDS.subarray(0, 16)).toString("hex"),
        spanId: Buffer.from(IDS.subarray(16)).toString("hex"),
        flags: 1,
        droppedAttributesCount: 300,
        attributes: [{ key: "network.peer.port", value: { intValue: 443n } }],
      },
    ]);
  }
});
