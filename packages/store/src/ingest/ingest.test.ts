import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  type Input,
  type MessageType,
} from "@go3s/telemetry";
import { arbitraryMessage } from "@go3s/telemetry/testing";
import fc from "fast-check";
import { EngineReader } from "../testing/engine-reader.js";
import { expectedLogs, expectedMetrics, expectedTraces, type Row } from "../testing/expected-rows.js";
import { withIds } from "../testing/span-ids.js";
import { LogsIngest } from "./logs.js";
import { MetricsIngest } from "./metrics.js";
import type { SignalIngest } from "./signal-ingest.js";
import { TracesIngest } from "./traces.js";

const engine = new EngineReader();
after(() => engine.close());

const TENANT = "acme";
const RECEIVED_MS = 1_790_000_000_123;

/** compare puts all requests into two blocks, lets the engine read them and compares every row. */
function compare<T>(
  type: MessageType<T>,
  ingest: SignalIngest,
  requests: readonly (T & Input<T>)[],
  expected: (request: T) => readonly Row[],
): void {
  const blocks: Uint8Array[] = [];
  const half = Math.ceil(requests.length / 2);
  const rows = requests.map(expected);
  for (const [index, request] of requests.entries()) {
    const appended = ingest.append(encodeProtobuf(type, request), {
      tenant: TENANT,
      receivedMs: RECEIVED_MS,
    });
    assert.equal(appended.rows, rows[index]?.length);
    if (index === half - 1 || index === requests.length - 1) {
      const block = ingest.take();
      if (block !== undefined) blocks.push(block.bytes);
    }
  }
  const wanted = rows.flat();
  if (wanted.length === 0) return;
  const got = engine.rows(ingest.signal, blocks);
  assert.equal(got.length, wanted.length);
  for (const [index, row] of wanted.entries()) assert.deepEqual(got[index], row);
}

const FEW = { numRuns: 25 };

test("traces: the engine reads the rows that the objects say", () => {
  const ingest = new TracesIngest();
  const requests = fc.array(arbitraryMessage(ExportTraceServiceRequest), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(requests, (given) =>
      compare(ExportTraceServiceRequest, ingest, given.map(withIds), (request) =>
        expectedTraces(request, TENANT),
      ),
    ),
    FEW,
  );
});

test("logs: the engine reads the rows that the objects say", () => {
  const ingest = new LogsIngest();
  const requests = fc.array(arbitraryMessage(ExportLogsServiceRequest), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(requests, (given) =>
      compare(ExportLogsServiceRequest, ingest, given, (request) =>
        expectedLogs(request, TENANT, RECEIVED_MS),
      ),
    ),
    FEW,
  );
});

test("metrics: the engine reads the rows that the objects say", () => {
  const ingest = new MetricsIngest();
  const requests = fc.array(arbitraryMessage(ExportMetricsServiceRequest), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(requests, (given) =>
      compare(ExportMetricsServiceRequest, ingest, given, (request) => expectedMetrics(request, TENANT)),
    ),
    FEW,
  );
});
