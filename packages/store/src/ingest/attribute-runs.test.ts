import assert from "node:assert/strict";
import { after, test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest, encodeProtobuf } from "@go3s/telemetry";
import fc from "fast-check";
import { EngineReader } from "../testing/engine-reader.js";
import { expectedTraces, type Row } from "../testing/expected-rows.js";
import { TracesIngest } from "./traces.js";

const engine = new EngineReader();
after(() => engine.close());

/** Runs that differ in the last byte, in a number, in order, in length; long enough to be remembered. */
const POOL = [0, 1, 2, 3, 4].map((i) => {
  const common = [
    { key: "http.request.method", value: { stringValue: "GET" } },
    { key: "url.path", value: { stringValue: `/things/${"x".repeat(i > 3 ? 200 : 40)}` } },
    { key: "network.peer.port", value: { intValue: BigInt(40_000 + (i === 1 ? 1 : 0)) } },
    { key: "http.route", value: { stringValue: `/things/{id}${i === 2 ? "" : i}` } },
    { key: "last", value: i === 3 ? { doubleValue: 1.5 } : { stringValue: i === 0 ? "a" : "b" } },
  ];
  return i === 2 ? common.reverse() : common;
});

/** What is sent, one after the other: spans of the pool, blocks that end, requests that are cut off. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.nat(POOL.length), { minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constant("take" as const) },
  { weight: 1, arbitrary: fc.constant("broken" as const) },
);

function requestOf(picks: readonly number[]): Uint8Array {
  const spans = picks.map((pick, i) => ({
    // One past the pool is a span without a valid id, which is rejected after its attributes were read.
    traceId: (pick === POOL.length ? "00" : "0a").repeat(16),
    spanId: "0b".repeat(8),
    name: "GET",
    startTimeUnixNano: BigInt(1000 + i),
    endTimeUnixNano: BigInt(2000 + i),
    attributes: POOL[pick % POOL.length] ?? [],
  }));
  return encodeProtobuf(ExportTraceServiceRequest, { resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

test("attributes that were seen before become the same rows, over blocks, rejected spans and broken requests", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 20 }), (steps) => {
      const ingest = new TracesIngest();
      const blocks: Uint8Array[] = [];
      const wanted: Row[] = [];
      const take = (): void => {
        const block = ingest.take();
        if (block !== undefined) blocks.push(block.bytes);
      };
      for (const each of steps) {
        if (each === "take") take();
        else if (each === "broken") {
          const whole = requestOf([0, 3, 1]);
          assert.throws(() => ingest.append(whole.subarray(0, whole.length - 2)));
        } else {
          const request = requestOf(each);
          ingest.append(request, { tenant: "acme" });
          wanted.push(...expectedTraces(decodeProtobuf(ExportTraceServiceRequest, request), "acme"));
        }
      }
      take();
      if (blocks.length === 0) return;
      const got = engine.rows("traces", blocks);
      assert.equal(got.length, wanted.length);
      for (const [i, row] of wanted.entries()) assert.deepEqual(got[i], row);
    }),
    { numRuns: 30 },
  );
});
