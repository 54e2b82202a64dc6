import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeProtobuf,
  ExportLogsServiceRequest,
  encodeProtobuf,
  InstrumentationScope,
  LogWriter,
  Resource,
} from "@go3s/telemetry";
import { newBatches } from "../export/batches.js";
import { logLongPauses } from "./pause-log.js";

test("a long pause is a record at its end, a short one none", () => {
  const bodies: Uint8Array[] = [];
  const batches = newBatches(
    "logs",
    () => new LogWriter(),
    encodeProtobuf(InstrumentationScope, { name: "test" }),
    {
      send: (_signal, body) => void bodies.push(Uint8Array.from(body)),
      stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
      close: async () => undefined,
    },
  );
  const end = 1_795_295_559_000_000_123n;
  const written = logLongPauses(
    [
      { cycle: 4, nanoseconds: 9_999_999, end: 1n },
      { cycle: 5, nanoseconds: 12_345_678, end },
    ],
    encodeProtobuf(Resource, {}),
    batches,
  );
  batches.flush();
  assert.equal(written, 1);
  assert.equal(bodies.length, 1);
  const [record] = decodeProtobuf(
    ExportLogsServiceRequest,
    bodies[0] ?? new Uint8Array(),
  ).resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
  assert.equal(record?.timeUnixNano, end);
  assert.equal(record.eventName, "go.gc.pause");
  assert.equal(record.severityText, "WARN");
  assert.equal(record.body?.stringValue, "garbage collection 5 stopped the program for 12.3 ms");
  assert.deepEqual(
    record.attributes.map(({ key, value }) => [key, value?.intValue]),
    [
      ["go.gc.pause.duration_ns", 12_345_678n],
      ["go.gc.cycle", 5n],
    ],
  );
});
