import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TracesIngest } from "@go3s/store";
import { decodeProtobuf, ExportTraceServiceRequest } from "@go3s/telemetry";
import { fusedRequest, plainRequest, type TestSpan } from "../testing/sample-requests.js";
import type { Cut, SampleOptions } from "./sampler.js";
import { Sampler } from "./sampler.js";

const IN = "ffffffffffffff";

interface Rig {
  readonly sampler: Sampler;
  readonly counts: Record<string, number>;
  cut(spans: readonly TestSpan[], now?: number): Cut;
}

function rig(options: Partial<SampleOptions> = {}): Rig {
  const counts: Record<string, number> = {};
  const add = (decision: string) => (reason: string, spans: number) => {
    counts[`${decision} ${reason}`] = (counts[`${decision} ${reason}`] ?? 0) + spans;
  };
  const sampler = new Sampler({ ratio: 0.5, ...options }, { kept: add("kept"), dropped: add("dropped") });
  const cut = (spans: readonly TestSpan[], now = 0) => {
    const made = sampler.cut(plainRequest(spans), false, now);
    made.settle();
    return made;
  };
  return { sampler, counts, cut };
}

function spansOf(bytes: Uint8Array | undefined): { id: string; state: string }[] {
  if (bytes === undefined) return [];
  return decodeProtobuf(ExportTraceServiceRequest, bytes).resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ spanId, traceState }) => ({ id: spanId.replace(/^0+/, ""), state: traceState })),
    ),
  );
}

const idsOf = (bytes: Uint8Array | undefined) => spansOf(bytes).map(({ id }) => id);

describe("what a request keeps", () => {
  test("traces by their ids, with the threshold in their state", () => {
    const { cut, counts } = rig();
    const { bytes } = cut([
      { trace: "1", id: "1" },
      { trace: "2", random: IN, id: "2", state: "vendor=1" },
    ]);
    assert.deepEqual(spansOf(bytes), [{ id: "2", state: "ot=th:8,vendor=1" }]);
    assert.deepEqual(counts, { "kept ratio": 1 });
  });

  test("errors, slow and critical spans and all of their traces, also what stood before them", () => {
    const { cut, counts } = rig({ slow_ms: 500 });
    const { bytes } = cut([
      { trace: "1", id: "11" },
      { trace: "1", id: "12", parent: "11", error: true },
      { trace: "2", id: "21", lasted_ms: 500 },
      { trace: "2", id: "22", parent: "21" },
      { trace: "3", id: "31", lasted_ms: 499 },
      { trace: "4", id: "41", critical: true },
      { trace: "5", id: "51", critical: "true" },
      { trace: "6", id: "61", critical: false },
    ]);
    assert.deepEqual(idsOf(bytes), ["11", "12", "21", "22", "41", "51"]);
    for (const { state } of spansOf(bytes)) assert.equal(state, "", "they stand for themselves only");
    assert.deepEqual(counts, { "kept error": 1, "kept slow": 1, "kept critical": 2, "kept trace": 2 });
  });

  test("resource, scope and their addresses stay; a request that is kept whole stays the same bytes", () => {
    const { cut, sampler } = rig();
    const part = cut([
      { trace: "1", id: "1", error: true },
      { trace: "2", id: "2" },
    ]).bytes;
    const whole = plainRequest([{ trace: "1", id: "1", error: true }]);
    const decoded = (bytes: Uint8Array) => decodeProtobuf(ExportTraceServiceRequest, bytes);
    assert.deepEqual(decoded(part ?? new Uint8Array(0)), decoded(whole));
    assert.deepEqual(sampler.cut(whole, false, 0).bytes?.buffer, whole.buffer);
  });

  test("fused requests the same", () => {
    const { sampler } = rig();
    const spans: TestSpan[] = [
      { trace: "1", id: "1" },
      { trace: "2", random: "fffffffffffffe", id: "2" },
      { trace: "3", id: "3", error: true },
      { trace: "3", id: "4", parent: "3" },
    ];
    const { bytes = new Uint8Array(0), settle } = sampler.cut(fusedRequest(spans), true, 0);
    settle();
    // Taken apart again by one that keeps all errors and all that is critical: rows, parts and states are where they belong.
    const again = new Sampler({ ratio: 2 ** -56 }, { kept: () => undefined, dropped: () => undefined });
    const errors = again.cut(bytes, true, 0).bytes ?? new Uint8Array(0);
    assert.equal(new TracesIngest().append(bytes, { fused: true }).rows, 3);
    assert.equal(rowsIn(bytes), 3);
    assert.equal(rowsIn(errors), 2);
    assert.equal(sampler.pending.waiting.spans, 1);
    assert.ok(Buffer.from(bytes).includes("ot=th:8"));
  });

  test("spans without a trace id go on, so that their sender is told", () => {
    const { cut, counts } = rig();
    const { bytes } = cut([
      { trace: "1", random: "", id: "1" },
      { trace: "2", id: "2" },
    ]);
    assert.deepEqual(idsOf(bytes), ["1"]);
    assert.deepEqual(counts, { "kept no-id": 1 });
  });
});

function rowsIn(bytes: Uint8Array): number {
  let rows = 0;
  const counter = new Sampler(
    { ratio: 1 },
    {
      kept: (_reason, spans) => {
        rows += spans;
      },
      dropped: () => undefined,
    },
  );
  counter.cut(bytes, true, 0).settle();
  return rows;
}

describe("what waits", () => {
  test("an error releases what waited of its trace, and what comes later is kept", () => {
    const { cut, sampler, counts } = rig();
    assert.equal(cut([{ trace: "1", id: "1", parent: "9" }]).bytes, undefined);
    assert.equal(cut([{ trace: "2", id: "2", parent: "9" }]).bytes, undefined);
    assert.equal(sampler.pending.waiting.spans, 2);
    const { bytes, released } = cut([{ trace: "1", id: "3", parent: "9", error: true }]);
    assert.deepEqual(idsOf(bytes), ["3"]);
    assert.deepEqual(idsOf(Buffer.concat(released.map((each) => each.bytes))), ["1"]);
    assert.deepEqual(idsOf(cut([{ trace: "1", id: "4" }]).bytes), ["4"]);
    assert.equal(sampler.pending.waiting.spans, 1);
    assert.deepEqual(counts, { "kept error": 1, "kept trace": 1 });
  });

  test("a trace is dropped some time after its root, others after their time, and late spans at once", () => {
    const { cut, sampler, counts } = rig({ wait_ms: 1000, settle_ms: 100 });
    cut([{ trace: "1", id: "1" }], 0);
    cut([{ trace: "2", id: "2", parent: "9" }], 0);
    sampler.pending.settle(99);
    assert.equal(sampler.pending.waiting.traces, 2);
    sampler.pending.settle(100);
    assert.deepEqual(counts, { "dropped settled": 1 });
    cut([{ trace: "1", id: "3", parent: "1" }], 110);
    sampler.pending.settle(999);
    assert.deepEqual(counts, { "dropped settled": 1, "dropped late": 1 });
    sampler.pending.settle(1000);
    assert.deepEqual(counts, { "dropped settled": 1, "dropped late": 1, "dropped timeout": 1 });
    assert.deepEqual(sampler.pending.waiting, { bytes: 0, spans: 0, traces: 0 });
    // An error is kept even then.
    assert.deepEqual(idsOf(cut([{ trace: "1", id: "4", error: true }], 2000).bytes), ["4"]);
  });

  test("memory is bounded: the oldest traces are decided first, and counted", () => {
    const { cut, sampler, counts } = rig({ memoryBytes: 20_000 });
    for (let i = 0; i < 500; i++) {
      cut([{ trace: `${i}`.padStart(6, "0"), id: "1" }], i);
      assert.ok(sampler.pending.waiting.bytes <= 20_000);
    }
    const { spans } = sampler.pending.waiting;
    assert.ok(spans > 10 && spans < 100, `${spans} spans wait`);
    assert.deepEqual(counts, { "dropped evicted": 500 - spans });
    assert.deepEqual(idsOf(cut([{ trace: "000499", id: "2", error: true }]).bytes), ["2"]);
    assert.equal(sampler.pending.waiting.spans, spans - 1, "the newest still waited");
  });
});
