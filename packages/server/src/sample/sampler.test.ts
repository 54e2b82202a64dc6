import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TracesIngest } from "@go3s/store";
import { decodeProtobuf, ExportTraceServiceRequest } from "@go3s/telemetry";
import fc from "fast-check";
import { fusedRequest, plainRequest, type TestSpan, traceIdOf } from "../testing/sample-requests.js";
import type { Cut, SampleOptions } from "./sampler.js";
import { Sampler } from "./sampler.js";

const IN = "ffffffffffffff";

function rig(options: Partial<SampleOptions> = {}): (spans: readonly TestSpan[]) => Cut {
  const sampler = new Sampler({ ratio: 0.5, ...options });
  return (spans) => sampler.cut(plainRequest(spans), false);
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
const keptOf = ({ kept }: Cut) => Object.fromEntries(kept);

describe("what a request keeps", () => {
  test("traces by their ids, with the threshold in their state; the others wait as they are", () => {
    const cut = rig()([
      { trace: "1", id: "1" },
      { trace: "2", random: IN, id: "2", state: "vendor=1" },
    ]);
    assert.deepEqual(spansOf(cut.bytes), [{ id: "2", state: "ot=th:8,vendor=1" }]);
    assert.deepEqual(spansOf(cut.waiting), [{ id: "1", state: "" }]);
    assert.deepEqual([keptOf(cut), cut.waitingSpans, cut.decided.length], [{ ratio: 1 }, 1, 0]);
  });

  test("errors, slow and critical spans and all of their traces, also what stood before them", () => {
    const cut = rig({ slow_ms: 500 })([
      { trace: "1", id: "11" },
      { trace: "1", id: "12", parent: "11", error: true },
      { trace: "2", id: "21", lasted_ms: 500 },
      { trace: "2", id: "22", parent: "21" },
      { trace: "3", id: "31", lasted_ms: 499 },
      { trace: "4", id: "41", critical: true },
      { trace: "5", id: "51", critical: "true" },
      { trace: "6", id: "61", critical: false },
    ]);
    assert.deepEqual(idsOf(cut.bytes), ["11", "12", "21", "22", "41", "51"]);
    for (const { state } of spansOf(cut.bytes)) assert.equal(state, "", "they stand for themselves only");
    assert.deepEqual(keptOf(cut), { error: 1, slow: 1, critical: 2, trace: 2 });
    assert.deepEqual(idsOf(cut.waiting), ["31", "61"]);
    const decided = ["1", "2", "4", "5"].map((trace) => traceIdOf({ trace, id: "" })).join("");
    assert.equal(Buffer.from(cut.decided).toString("hex"), decided);
  });

  test("resource, scope and their addresses stay; a request that is kept whole stays the same bytes", () => {
    const part = rig()([
      { trace: "1", id: "1", error: true },
      { trace: "2", id: "2" },
    ]);
    const decoded = (bytes: Uint8Array | undefined) =>
      decodeProtobuf(ExportTraceServiceRequest, bytes ?? new Uint8Array(0));
    const whole = plainRequest([{ trace: "1", id: "1", error: true }]);
    assert.deepEqual(decoded(part.bytes), decoded(whole));
    assert.deepEqual(decoded(part.waiting), decoded(plainRequest([{ trace: "2", id: "2" }])));
    const again = new Sampler({ ratio: 0.5 }).cut(whole, false);
    assert.equal(again.bytes?.buffer, whole.buffer);
    assert.equal(again.waiting, undefined);
  });

  test("fused requests the same", () => {
    const sampler = new Sampler({ ratio: 0.5 });
    const spans: TestSpan[] = [
      { trace: "1", id: "1" },
      { trace: "2", random: "fffffffffffffe", id: "2" },
      { trace: "3", id: "3", error: true },
      { trace: "3", id: "4", parent: "3" },
    ];
    const { bytes = new Uint8Array(0), waiting = new Uint8Array(0) } = sampler.cut(fusedRequest(spans), true);
    // Taken apart again by one that keeps all errors and all that is critical: rows, parts and states are where they belong.
    const errors = new Sampler({ ratio: 2 ** -56 }).cut(bytes, true).bytes ?? new Uint8Array(0);
    assert.equal(new TracesIngest().append(bytes, { fused: true }).rows, 3);
    assert.equal(rowsIn(bytes), 3);
    assert.equal(rowsIn(errors), 2);
    assert.equal(new TracesIngest().append(waiting, { fused: true }).rows, 1);
    assert.ok(Buffer.from(bytes).includes("ot=th:8"));
  });

  test("spans without a trace id go on, so that their sender is told", () => {
    const cut = rig()([
      { trace: "1", random: "", id: "1" },
      { trace: "2", id: "2" },
    ]);
    assert.deepEqual(idsOf(cut.bytes), ["1"]);
    assert.deepEqual(keptOf(cut), { "no-id": 1 });
  });
});

function rowsIn(bytes: Uint8Array): number {
  const { kept } = new Sampler({ ratio: 1 }).cut(bytes, true);
  return [...kept.values()].reduce((sum, spans) => sum + spans, 0);
}

test("each span of a request is kept or waits, once, whatever its neighbours do", () => {
  const span = fc.record({
    trace: fc.constantFrom("1", "2", "3", "4", "5", "6"),
    random: fc.constantFrom("00000000000001", IN),
    error: fc.boolean(),
    // Lengths on both sides of a varint's next digit.
    state: fc.nat(200).map((length) => "x".repeat(length)),
  });
  fc.assert(
    fc.property(fc.array(span, { maxLength: 30 }), fc.boolean(), (list, isFused) => {
      const spans = list.map((each, i) => ({ ...each, id: `${i + 1}` }));
      const cut = new Sampler({ ratio: 0.5 }).cut(
        isFused ? fusedRequest(spans) : plainRequest(spans),
        isFused,
      );
      const rows = (bytes: Uint8Array | undefined) =>
        bytes === undefined ? 0 : new TracesIngest().append(bytes, { fused: isFused }).rows;
      assert.equal(rows(cut.waiting), cut.waitingSpans);
      assert.equal(rows(cut.bytes) + rows(cut.waiting), spans.length);
      if (isFused) return;
      const kept = new Set(spans.filter(({ error }) => error).map(traceIdOf));
      const isKept = (one: TestSpan) => one.random === IN || kept.has(traceIdOf(one));
      assert.deepEqual(
        idsOf(cut.bytes),
        spans.filter(isKept).map(({ id }) => Number(id).toString()),
      );
    }),
  );
});

test("what an error decided holds for what comes later", () => {
  const cut = rig();
  assert.equal(cut([{ trace: "1", id: "1", parent: "9" }]).bytes, undefined);
  assert.deepEqual(idsOf(cut([{ trace: "1", id: "3", parent: "9", error: true }]).bytes), ["3"]);
  const late = cut([{ trace: "1", id: "4" }]);
  assert.deepEqual([idsOf(late.bytes), keptOf(late), late.decided.length], [["4"], { trace: 1 }, 0]);
});
