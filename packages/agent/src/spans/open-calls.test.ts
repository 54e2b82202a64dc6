import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Call } from "./calls.js";
import { newOpenCalls } from "./open-calls.js";
import type { ProcessSpans } from "./process-spans.js";

const callOf = (tgid: number, goid: number): Call => {
  const process: Partial<ProcessSpans> = { tgid };
  const call: Partial<Call> = { goid, process: process as ProcessSpans };
  return call as Call;
};

test("calls are found by their process and goroutine, whatever others meet them at their place", () => {
  // Few numbers, and 1024 apart: they share places within a process and between two.
  const goids = fc.constantFrom(1, 2, 1025, 1026, 2049, 2 ** 40 + 1);
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "take", "get"), fc.constantFrom(7, 8), goids));
  fc.assert(
    fc.property(steps, (all) => {
      const calls = newOpenCalls();
      const model = new Map<string, Call>();
      for (const [step, tgid, goid] of all) {
        const key = `${tgid}:${goid}`;
        if (step === "add" && !model.has(key)) {
          const call = callOf(tgid, goid);
          model.set(key, call);
          calls.add(call);
        }
        if (step === "take") {
          assert.equal(calls.take(tgid, goid), model.get(key));
          model.delete(key);
        }
        assert.equal(calls.get(tgid, goid), model.get(key));
        assert.equal(calls.size(), model.size);
      }
      const seen = new Set<Call>();
      calls.each((call) => {
        seen.add(call);
        calls.take(call.process.tgid, call.goid);
      });
      assert.deepEqual(seen, new Set(model.values()));
      assert.equal(calls.size(), 0);
    }),
  );
});

test("ends that got lost do not pile up", () => {
  const calls = newOpenCalls();
  for (let goid = 0; goid < 100_000; goid++) calls.add(callOf(7, goid));
  assert.ok(calls.size() <= 21_100, `${calls.size()}`);
  assert.equal(calls.take(7, 99_999)?.goid, 99_999);
});
